"""What AI Ops does, in three tests."""

from __future__ import annotations

import unittest

from ai_ops import models_for, prompt


class AIOpsTest(unittest.TestCase):
    """The two functions that the README shows."""

    def test_old_release_has_no_large_model(self) -> None:
        """A release before 3.0 supports the smaller models only."""
        self.assertEqual(models_for("2.4.1"), ["medium", "small"])

    def test_prerelease_counts(self) -> None:
        """A pre-release of a supported line is supported."""
        self.assertIn("large", models_for("3.1.0rc1"))

    def test_question_survives_the_limit(self) -> None:
        """Facts are cut, the question stays whole."""
        text = prompt("edge-1", {"role": "router"}, "Which interfaces have errors?", limit=3)
        self.assertNotIn("router", text)
        self.assertTrue(text.endswith("Which interfaces have errors?\n"))
