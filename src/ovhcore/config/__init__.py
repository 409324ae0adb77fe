"""Settings: arguments, then environment, then ``ovh.conf`` files, then defaults."""

from ..plugins.settings import Settings
from .loading import CONFIG_FILES, Environment, SettingsSources

__all__ = ["CONFIG_FILES", "Environment", "Settings", "SettingsSources"]
