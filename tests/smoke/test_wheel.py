"""What people install is the wheel: it is built, installed, and used from a folder without the source."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from services.kit.database import Database
from services.kit.migrate import wanted

ROOT = Path(__file__).parents[2]

WIRE = """
import asyncio, pathlib, sys
import httpx
import services
from services.compose import SERVICES, open_kit, open_process
from services.kit.settings import KitSettings

assert pathlib.Path(services.__file__).is_relative_to(sys.prefix), services.__file__

async def main():
    async with open_kit(KitSettings()) as kit, open_process(kit) as process:
        assert [service.name for service in process.services] == list(SERVICES)
        transport = httpx.ASGITransport(app=process.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://wheel") as client:
            (await client.get("/healthz")).raise_for_status()
            (await client.get("/api/v1/openapi.json")).raise_for_status()
        await process.runtime.settle()

asyncio.run(main())
print("wired")
"""


class Installed:
    """A fresh environment with the wheel in it. Third-party packages are lent by the one that runs the tests."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder / "elsewhere"
        self.folder.mkdir()
        self.prefix = folder / "venv"
        venv.create(self.prefix, with_pip=False)
        self.python = self.prefix / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet"]
        run([*pip, "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)], cwd=self.folder)
        site = Path(
            sysconfig.get_path("purelib", vars={"base": str(self.prefix), "platbase": str(self.prefix)})
        )
        assert (site / "services" / "compose").is_dir()
        # A plain path: the .pth files of that environment, with its editable installation, are not read.
        (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def run(self, *command: str | Path, **settings: str) -> str:
        return run(command, cwd=self.folder, **settings)


def run(command: Sequence[str | Path], *, cwd: Path, **settings: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VEILLEUR_", "PYTHON"))}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**kept, **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT], cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"), wheel)


def test_everything_below_services_is_inside(wheel: Path) -> None:
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("services/")}
    source = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "services").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".gitkeep"
    }
    assert source - shipped == set()
    assert "services/py.typed" in shipped


def test_nothing_else_is_inside(wheel: Path) -> None:
    assert {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()} == {
        "services",
        wheel.name.split("-py3")[0] + ".dist-info",
    }


def test_the_program_answers(installed: Installed) -> None:
    program = installed.prefix / "bin" / "veilleur"
    assert installed.run(program, "--version").startswith("veilleur ")
    assert "restore" in installed.run(program, "--help")


async def test_the_wheel_migrates_a_database(installed: Installed, empty_database_url: str) -> None:
    program = installed.prefix / "bin" / "veilleur"
    assert wanted() in installed.run(program, "migrate", VEILLEUR_DATABASE_URL=empty_database_url)
    database = Database(empty_database_url, pool_size=1)
    async with database.transaction() as tx:
        assert await tx.scalar(text("SELECT version_num FROM alembic_version")) == wanted()
    await database.close()


async def test_the_wheel_wires_every_service(installed: Installed, database_url: str) -> None:
    said = installed.run(
        installed.python,
        "-c",
        WIRE,
        VEILLEUR_DATABASE_URL=database_url,
        VEILLEUR_SECRET_KEY="a key for tests only, known to everybody",
        VEILLEUR_PUBLIC_URL="http://wheel.test",
    )
    assert said == "wired\n"
