"""The door: load the settings, open the house."""

from configs.settings import Settings
from web.application import create_app

app = create_app(Settings())
