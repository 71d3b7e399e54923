"""GitHub in the twin: repositories over git and in the REST API, their releases, the tokens of jobs, archives."""
