"""Tell whether a command runs in continuous integration, where logs and files may be public."""

from __future__ import annotations

import os

# GitHub, GitLab, Forgejo, Bitbucket, CircleCI, Travis and most others set CI; Azure Pipelines, Jenkins and TeamCity
# do not.
CI_VARIABLES = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION")


def runs_in_ci() -> bool:
    """Return whether an environment variable says that this is continuous integration."""
    return any(os.environ.get(name, "").lower() not in ("", "0", "false", "no") for name in CI_VARIABLES)
