"""Tests of the settings, the catalogues and the demo centre: files are read, nothing is started."""
