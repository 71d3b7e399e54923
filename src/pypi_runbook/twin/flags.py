"""The switches of an index's administrators, by PyPI's own names, and what each one stops."""

FLAGS = {
    "read-only": "every change; uploads are refused",
    "disallow-new-upload": "uploads",
    "disallow-new-project-registration": "uploads that would make a project",
    "disable-pep740": "attestations: new ones are not looked at, and known ones not shown",
    "disallow-oidc": "Trusted Publishing",
    "disallow-github-oidc": "Trusted Publishing from GitHub",
}
