"""The door: load the settings, open the house."""

import gc

from configs.settings import Settings
from web.application import create_app

app = create_app(Settings())
gc.freeze()  # what is loaded by now stays: no collection need walk through it again, a tenth of a second each time
gc.set_threshold(10_000, 20, 50)  # requests leave no cycles behind: looking for them a tenth as often is often enough
