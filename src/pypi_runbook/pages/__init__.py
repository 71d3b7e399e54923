"""What is shown and what is run: macros, snippets, sessions, results, stamps."""
