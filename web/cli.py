"""Commands: `flask --app wsgi …`. Each opens a session, asks for one verb, and says in a line what came of it."""

import json
import secrets
from datetime import timedelta
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext
from tqdm import tqdm

from configs.settings import catalogue_documents, demo_world, read_toml
from experiments import audit, demo, imports, jobs, people
from experiments.check import rollup
from experiments.errors import Invalid, Refusal
from experiments.imports import mapping as import_mapping
from experiments.people import SCOPES, Actor
from experiments.plan import catalogue
from migrations.run import upgrade
from web import processes
from web.house import house

OPERATOR = Actor(name="system:operator")
"""Whoever holds the terminal: every act is audited under this name."""


def install(app: Flask) -> None:
    """Add the commands."""
    for command in (migrate, up, scheduler, run_job, import_calls, add_person, issue_token, revoke_token, verify_audit):
        app.cli.add_command(command)


class Telling(click.ClickException):
    """A refusal at a terminal: its sentences, and exit code 1."""

    def __init__(self, refusal: Refusal) -> None:
        problems = refusal.problems if isinstance(refusal, Invalid) else ()
        lines = [f"{p.field}: {p.message}" for p in problems] or [str(refusal.message)]
        super().__init__("\n".join(lines))


@click.command("migrate")
@with_appcontext
def migrate() -> None:
    """Bring the database to the newest schema, with roles and catalogues; as often as one likes."""
    prepare()
    click.echo(f"The database is ready: {_address()}")


def prepare() -> None:
    """Make the schema, and load roles and catalogues into it."""
    upgrade(house().settings.url)
    with house().store.write() as session:
        people.load_roles(session)
    for document in catalogue_documents().values():
        with house().store.write() as session:
            catalogue.load(session, catalogue.parse(document), actor=OPERATOR, now=house().clock())


@click.command("up")
@with_appcontext
def up() -> None:
    """Set everything up, build the demo call centre on first start, and serve until Ctrl-C."""
    if house().settings.environment != "demo":
        raise click.ClickException("`up` is the demo: it prints passwords. In production run `migrate`, a server and `scheduler`.")
    prepare()
    _build_demo()
    _say_sign_ins()
    processes.serve(house().settings)
