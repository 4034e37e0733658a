"""What we serve: one folder for each model, and the Triton repository that a service's model becomes."""

from model_repo.config import known_models, render_config
from model_repo.engines import BUILDER, Engine, Target
from model_repo.files import File
from model_repo.publication import PublishError, publish
from model_repo.repository import (
    Repositories,
    Repository,
    assemble,
    assemble_all,
    known_versions,
    version_digests,
)

__all__ = [
    "BUILDER",
    "Engine",
    "File",
    "PublishError",
    "Repositories",
    "Repository",
    "Target",
    "assemble",
    "assemble_all",
    "known_models",
    "known_versions",
    "publish",
    "render_config",
    "version_digests",
]
