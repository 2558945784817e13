"""Commands: `flask --app wsgi …`. Each asks for one verb and says in a line what came of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError, ProgrammingError
from tqdm import tqdm

from configs.settings import catalogue_documents, demo_world, read_toml
from experiments import audit, jobs, people
from experiments.board import remembering
from experiments.check import rollup
from experiments.demo import build, calls as demo_calls, world as worlds
from experiments.errors import Invalid, Refusal
from experiments.imports import calls
from experiments.imports.mapping import read_mapping
from experiments.notices import delivering, outbox
from experiments.notices.faults import NotSent
from experiments.people import SCOPES
from experiments.plan import catalogue
from migrations.run import upgrade
from web import playing, posting, processes
from web.client.desk import Desk
from web.client.errors import Refused, Unreachable
from web.house import house

OPERATOR = people.system("operator")
"""Whoever holds the terminal: every act is audited under this name."""

_DESK = "demo-desk"


def install(app: Flask) -> None:
    """Add the commands."""
    for command in (
        migrate,
        up,
        scheduler,
        run_job,
        rebuild_rollup,
        import_calls,
        play_calls,
        add_person,
        issue_token,
        revoke_token,
        verify_audit,
        notices,
    ):
        app.cli.add_command(command)


class _Told(click.ClickException):
    """A refusal at a terminal: its sentences on standard error, and exit code 1."""

    def __init__(self, refusal: Refusal) -> None:
        problems = refusal.problems if isinstance(refusal, Invalid) else ()
        super().__init__("\n".join(f"{p.field}: {p.message}" for p in problems) or str(refusal.message))


class _Verb(click.Command):
    """A command whose refusals are told in a line, not as a traceback."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except Refusal as refusal:
            raise _Told(refusal) from refusal
        except (OperationalError, ProgrammingError) as fault:
            raise click.ClickException(f"{fault.orig}. Has `flask --app wsgi migrate` been run?") from fault


@click.command("migrate", cls=_Verb)
@with_appcontext
def migrate() -> None:
    """Bring the database to the newest schema, with roles and catalogues; as often as one likes."""
    upgrade(house().settings.url)
    _load_catalogues()
    _remember_ended()
    click.echo("The database is ready.")


@click.command("up", cls=_Verb)
@with_appcontext
def up() -> None:
    """Set everything up, build the demo call centre on the first start, and serve until Ctrl-C."""
    if house().settings.environment != "demo":
        raise click.ClickException("`up` is the demo. In production run `migrate`, a WSGI server, and `scheduler`.")
    furnish()
    _say_sign_ins()
    processes.serve(house().settings)


def furnish() -> None:
    """Make the database, and in it the demo call centre, unless they are there."""
    upgrade(house().settings.url)
    _build_demo()  # before the catalogues: its own standard scripts are as old as its first call
    _load_catalogues()
    _remember_ended()


@click.command("scheduler", cls=_Verb)
@with_appcontext
def scheduler() -> None:
    """Run the table of jobs until stopped; a second one started by mistake does no harm."""
    processes.schedule(house())


@click.command("run-job", cls=_Verb)
@click.argument("name", type=click.Choice([job.name for job in jobs.JOBS]))
@with_appcontext
def run_job(name: str) -> None:
    """Run one job now, whatever its schedule says."""
    job = next(job for job in jobs.JOBS if job.name == name)
    click.echo(jobs.do(house().store, job, house().calendar, house().clock(), house().post))


@click.command("rebuild-rollup", cls=_Verb)
@with_appcontext
def rebuild_rollup() -> None:
    """Delete every day of the rollup and build it again from the facts."""
    with house().store.write() as session:
        rollup.mark_all(session)
    click.echo(f"{rollup.rebuild_dirty(house().store).days} days built.")


@click.command("import-calls", cls=_Verb)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--replay", metavar="EXPERIMENT", help="Send every call through a running experiment, at its own date.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Default: FILE.rejects.csv, here.")
@with_appcontext
def import_calls(file: Path, mapping: Path, replay: str | None, rejects: Path | None) -> None:
    """Bring in a call log, or an experiment that was run elsewhere; importing twice changes nothing."""
    with tqdm(unit="row", unit_scale=True, desc=file.name) as bar:
        report = calls.import_calls(
            house().floor,
            file,
            read_mapping(_toml(mapping)),
            replay=replay,
            rejects=rejects or Path(f"{file.name}.rejects.csv"),
            progress=_shown_on(bar),
            actor=OPERATOR,
            clock=house().clock,
        )
    tally = report.tally
    click.echo(
        f"{tally.read} rows read: {tally.imported} calls brought in, {tally.already_there} were there already, "
        f"{tally.rejected} rejected; {report.outcomes} new outcomes."
        + (" This file came in before: nothing was done." if report.finished_before else "")
    )
    if report.rejects is not None:
        click.echo(f"The rejected rows, with line and reason: {report.rejects}")


@click.command("play-calls", cls=_Verb)
@click.option("--calls", "many", default=60, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@click.option("--a-minute", default=120.0, show_default=True, type=click.FloatRange(min=1), help="How many a minute.")
@with_appcontext
def play_calls(many: int, a_minute: float) -> None:
    """Let the demo's desks ask the running server for scripts, and report what happened."""
    settings = house().settings
    token_file = settings.instance / "demo_token"
    if settings.environment != "demo" or not token_file.exists():
        raise click.ClickException("Only the demo has desks to play with. `up` builds it.")
    world = worlds.parse(demo_world())
    floor = demo_calls.Floor(world, catalogue.parse(catalogue_documents()[demo_world()["catalogue"]]))
    address = f"http://{settings.host}:{settings.port}"
    with Desk(address, token_file.read_text("utf-8")) as desk, tqdm(unit="call", total=many) as bar:
        try:
            playing.play(
                desk,
                floor,
                house().calendar,
                calls=many,
                pause=60 / a_minute,
                now=house().clock(),
                progress=lambda: _step(bar),
            )
        except (Refused, Unreachable) as fault:
            raise click.ClickException(f"{address}: {fault}") from fault
        desk.flush()
    click.echo(f"{many} calls were answered; the rollup shows them within a minute.")


@click.command("add-person", cls=_Verb)
@click.argument("login")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(list(people.ROLES)))
@click.option("--locale", default="zh-CN", type=click.Choice(["zh-CN", "en"]))
@click.password_option()
@with_appcontext
def add_person(login: str, name: str, roles: tuple[str, ...], locale: str, password: str) -> None:
    """Let someone sign in; asks for the password."""
    with house().store.write() as session:
        people.add_person(session, login, name, password, roles, locale=locale, actor=OPERATOR, now=house().clock())
    click.echo(f"{login} can sign in.")


@click.command("issue-token", cls=_Verb)
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(list(SCOPES)))
@click.option("--person", metavar="LOGIN", help="Whose hand the token is; needed for the scope `act`.")
@with_appcontext
def issue_token(name: str, scopes: tuple[str, ...], person: str | None) -> None:
    """Make an API token and print it, this once."""
    with house().store.write() as session:
        secret = people.issue_token(session, name, scopes, login=person, actor=OPERATOR, now=house().clock())
    click.echo(secret)


@click.command("revoke-token", cls=_Verb)
@click.argument("name")
@with_appcontext
def revoke_token(name: str) -> None:
    """Make a token worthless at once."""
    with house().store.write() as session:
        people.revoke_token(session, name, actor=OPERATOR, now=house().clock())
    click.echo(f"{name} is revoked.")


@click.command("verify-audit", cls=_Verb)
@with_appcontext
def verify_audit() -> None:
    """Walk the audit log's chain of hashes; exit code 1 when it is broken."""
    with house().store.read() as session:
        report = audit.verify(session)
    if report.broken_at is not None:
        raise click.ClickException(f"The chain breaks at entry {report.broken_at}, after {report.entries} that hold.")
    click.echo(f"{report.entries} entries hold; the newest hash is {report.head}.")


@click.command("notices", cls=_Verb)
@click.option("--try", "tried", metavar="NAME", help="Send a test to a target now.")
@click.option("--again", metavar="NAME", help="Let what was given up for a target be sent once more.")
@with_appcontext
def notices(tried: str | None, again: str | None) -> None:
    """List who is told what happens on the board, what waits to be sent, and what was given up."""
    post = house().post
    if tried is not None:
        target = next((each for each in post.targets if each.name == tried), None)
        if target is None:
            raise click.ClickException(f"There is no target {tried}.")
        try:
            delivering.try_out(post, target)
        except NotSent as why:
            raise click.ClickException(f"{tried} did not take it: {why}.") from why
        click.echo(f"{tried} has taken it.")
        return
    if again is not None:
        with house().store.write() as session:
            many = outbox.try_again(session, again, now=house().clock())
        click.echo(f"{many} for {again} are sent once more.")
        return
    with house().store.read() as session:
        piles = outbox.piles(session)
    click.echo("\n".join(posting.listing(post.targets, piles)))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except ValueError as fault:
        raise click.ClickException(f"{path} is no TOML document: {fault}.") from fault


def _load_catalogues() -> None:
    with house().store.write() as session:
        people.load_roles(session)
    for document in catalogue_documents().values():
        with house().store.write() as session:
            catalogue.load(session, catalogue.parse(document), actor=OPERATOR, now=house().clock())


def _remember_ended() -> None:
    """Write the entries of cycles that ended before entries were kept."""
    here = house()
    with here.store.write() as session:
        remembering.remember_all(session, calendar=here.calendar, actor=OPERATOR, now=here.clock())


def _build_demo() -> None:
    settings = house().settings
    token_file = settings.instance / "demo_token"
    with house().store.read() as session:
        if people.anybody(session):
            if token_file.exists():
                return
            raise click.ClickException(
                f"The database has people but no finished demo. Remove {settings.instance}, or name another database."
            )
    with tqdm(unit="day", desc="Building the demo call centre") as bar:
        build.build(
            house().store,
            demo_world(),
            catalogue.parse(catalogue_documents()[demo_world()["catalogue"]]),
            password=settings.secret("demo_password"),
            calendar=house().calendar,
            pseudonyms=house().floor.pseudonyms,
            now=house().clock(),
            progress=lambda done, total, _what: _shown_on(bar)(done, total),
        )
    with house().store.write() as session:
        outbox.spread(session, (), now=house().clock())  # a history that was made up is news to nobody
    with house().store.write() as session:
        secret = people.issue_token(session, _DESK, ["assign", "report", "read"], actor=OPERATOR, now=house().clock())
    token_file.touch(mode=0o600)
    token_file.write_text(secret, encoding="utf-8")


def _say_sign_ins() -> None:
    settings = house().settings
    click.echo(f"\nScriptbench is at http://{settings.host}:{settings.port} (Ctrl-C stops it). Sign in as one of:")
    with house().store.read() as session:
        for login, roles in people.one_of_each(session).items():
            click.echo(f"  {login:<18} {', '.join(people.ROLES[role]['en'] for role in roles)}")
    click.echo(f"Everyone's password in this demo: {settings.secret('demo_password')}")
    click.echo(f"A desktop's API token: {(settings.instance / 'demo_token').read_text(encoding='utf-8')}\n")


def _step(bar: "tqdm[Any]") -> None:
    bar.update(1)


def _shown_on(bar: "tqdm[Any]") -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return show
