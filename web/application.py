"""The application: the whole wiring on one screen."""

from collections.abc import Callable
from datetime import datetime, timedelta

from apiflask import APIFlask
from flask_wtf.csrf import CSRFProtect

from configs.settings import Settings
from web import auth, cli, formats, language, logs, refusals, security
from web.api import docs
from web.api.bodies import StrictJson
from web.api.routes import api
from web.desk import blind
from web.desk.views import desk
from web.features.routes import features
from web.health import health
from web.house import open_house, wall_clock
from web.ofrep.answers import PREFIX, failed
from web.ofrep.routes import ofrep
from web.pages.routes import pages
from web.reports.views import reports
from web.short_way import ShortWay
from web.studio.views import studio


def create_app(settings: Settings, clock: Callable[[], datetime] = wall_clock) -> APIFlask:
    """Make the application.

    Args:
        settings: how this installation is set up.
        clock: gives the moment of each request, UTC.
    """
    app = APIFlask(__name__, title="Scriptbench", version="1", docs_path=None, spec_path=None, json_errors=False)
    app.config.update(
        SECRET_KEY=settings.secret("secret_key"),
        MAX_CONTENT_LENGTH=settings.max_body,
        SESSION_COOKIE_NAME="scriptbench",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.json = StrictJson(app)
    here = app.extensions["scriptbench"] = open_house(settings, clock)
    for part in (logs, language, auth, refusals, security, formats):
        part.install(app)
    csrf = CSRFProtect(app)
    for machines in (api, ofrep, features):
        csrf.exempt(machines)  # they know tokens only, which no browser sends by itself
    for windows in (health, api, ofrep, features, pages, studio, desk, reports):
        app.register_blueprint(windows)
    refusals.shape(app, PREFIX, failed)
    refusals.shape(app, "/desk/", blind.failed)
    docs.install(app)
    cli.install(app)
    app.wsgi_app = ShortWay(app, here)  # type: ignore[method-assign]  # where the framework says to put what stands in front
    return app
