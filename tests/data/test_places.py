"""Object stores: shops are read from them as from a folder, and what is written there is whole or not taken for it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyarrow.fs import FileInfo, FileSelector, FileSystem, FileType, S3FileSystem
from pyiceberg.catalog.sql import SqlCatalog

from churnml.data.engines.object_store import Location
from churnml.data.places import at_place, locked_place
from churnml.data.reading import check, read
from churnml.definition import ChurnDefinition
from churnml.errors import InputError, LockedError, MissingExtraError, OutsideError
from churnml.features.available import available
from churnml.features.store import write_features
from tests.conftest import Run
from tests.engine_shops import SHOPS, tables_of

ROWS = "order_id,customer_id,ordered_at,amount\n1,a,2025-01-05,9.5\n2,b,2025-02-01,12\n"
SETTINGS = """
reporting: {periods: 0, rows: 50}
snapshots: {at_most: 3}
features: {families: [recency]}
training: {candidates: [recency_rule], folds: 1, bootstrap_draws: 20, fade_days: 0}
"""


@dataclass(frozen=True)
class Bucket:
    """A bucket of a real server."""

    name: str
    store: FileSystem

    def address(self, *steps: str) -> str:
        return "/".join((f"s3://{self.name}", *steps))

    def put(self, name: str, content: str | Path) -> None:
        """Write a text, a file, or all files of a folder."""
        if isinstance(content, Path) and content.is_dir():
            for file in files_below(content):
                self.put(f"{name}/{file}".strip("/"), content / file)
            return
        with self.store.open_output_stream(f"{self.name}/{name}", compression=None) as stream:
            stream.write(content.encode() if isinstance(content, str) else content.read_bytes())

    def files(self, folder: str) -> dict[str, bytes]:
        below = self.store.get_file_info(FileSelector(f"{self.name}/{folder}", recursive=True, allow_not_found=True))
        paths = [info.path for info in below if info.type == FileType.File]
        return {path.removeprefix(f"{self.name}/{folder}/"): self.read(path) for path in paths}

    def read(self, path: str) -> bytes:
        with self.store.open_input_stream(path, compression=None) as stream:
            return bytes(stream.read())


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket, with the credentials in the environment."""
    environment = {
        "AWS_ENDPOINT_URL": s3,
        "AWS_ACCESS_KEY_ID": "shop",
        "AWS_SECRET_ACCESS_KEY": "verysecret",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    name = f"b{uuid4().hex}"
    S3FileSystem(endpoint_override=s3, allow_bucket_creation=True).create_dir(name)
    return Bucket(name, FileSystem.from_uri(f"s3://{name}")[0])


def write(address: str, name: str, *, is_wrong: bool = False) -> None:
    with at_place(address) as place:
        (place.path / name).write_text(name)
        if is_wrong:
            raise InputError(f"{place.path / name}: is wrong.")


def hold(address: str) -> None:
    with locked_place(address):
        pass


def files_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_features_are_the_same_bytes_as_from_a_folder(bucket: Bucket, tmp_path: Path) -> None:
    tables, snapshot = tables_of(0), SHOPS[0][1]
    folder = tmp_path / "shop"
    (folder / "orders").mkdir(parents=True)
    for name, table in tables.items():
        if name == "orders":
            table[:7].to_parquet(folder / "orders" / "part-0.parquet", index=False)
            table[7:].to_parquet(folder / "orders" / "part-1.parquet", index=False)
        elif name == "customers":
            table.to_csv(folder / "customers.csv.gz", index=False)
        else:
            table.to_parquet(folder / f"{name}.parquet", index=False)
    bucket.put("my exports/2024", folder)
    written = []
    for name, source in (("folder", str(folder)), ("bucket", bucket.address("my exports", "2024/"))):
        shop = read(source)
        families = available(shop, ["recency", "monetary", "basket"])
        write_features(shop, [snapshot], ChurnDefinition(), families, tmp_path / name)
        written.append(files_below(tmp_path / name))
    assert written[0] == written[1]
    assert any(name.endswith(".parquet") for name in written[0])


def test_only_files_of_tables_are_copied(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("orders.csv", ROWS)
    bucket.put("notes.txt", "x" * 1000)
    copied: list[str] = []
    copy = Location.fetch

    def fetch(location: Location, names: list[str], folder: Path) -> None:
        copied.extend(names)
        copy(location, names, folder)

    monkeypatch.setattr(Location, "fetch", fetch)
    report = check(bucket.address())
    assert report.failures == []
    assert report.notes == ["Found beside the tables, and not read: notes.txt."]
    assert copied == ["orders.csv"]


def test_what_changed_is_checked_anew(bucket: Bucket) -> None:
    bucket.put("orders.csv", ROWS)
    assert read(bucket.address()).tables["orders"].count().execute() == 2
    bucket.put("orders.csv", f"{ROWS}3,c,2025-02-03,-4\n")
    with pytest.raises(InputError, match=re.escape("orders.amount: 1 of 3 rows")):
        read(bucket.address())


def test_the_newest_version_of_a_delta_table_is_read(bucket: Bucket, tmp_path: Path) -> None:
    orders = tables_of(1)["orders"]
    write_deltalake(tmp_path / "orders", orders)
    DeltaTable(tmp_path / "orders").delete(f"order_id = '{orders['order_id'].iloc[0]}'")
    bucket.put("", tmp_path)
    assert check(bucket.address()).rows == check(tmp_path).rows


def test_an_iceberg_table_is_read_without_its_old_files(bucket: Bucket, tmp_path: Path) -> None:
    catalog = SqlCatalog("c", uri="sqlite://", warehouse=f"file://{tmp_path}")
    catalog.create_namespace("shop")
    rows = pa.Table.from_pandas(tables_of(1)["orders"][["order_id", "customer_id", "ordered_at", "amount"]])
    table = catalog.create_table("shop.orders", rows.schema)
    table.append(rows)
    table.overwrite(rows.slice(1))
    catalog.close()
    bucket.put("orders", Path(table.location().removeprefix("file://")))
    assert check(bucket.address()).rows == {"orders": rows.num_rows - 1}


def test_a_database_and_a_single_file_have_addresses_too(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("orders.csv", ROWS)
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.sql(
            "CREATE TABLE orders AS SELECT 1 order_id, 'a' customer_id, DATE '2025-01-05' ordered_at, 9 amount"
        )
    bucket.put("", tmp_path)
    for name in ("shop.duckdb", "orders.csv"):
        assert check(bucket.address(name)).rows == {"orders": 2 if name == "orders.csv" else 1}


def test_what_the_store_refuses_is_one_message_without_secrets(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("orders.csv", ROWS)
    with pytest.raises(InputError, match=r"^s3://nowhere/shop: there is no such file or folder\. Give a folder"):
        read("s3://nowhere/shop")
    with pytest.raises(InputError, match=re.escape("s3://nowhere/list: there is no such bucket.")):
        write("s3://nowhere/list", "a.csv")
    with monkeypatch.context() as patch:
        patch.setenv("AWS_SECRET_ACCESS_KEY", "anothersecret")
        denied = f"{bucket.address()}: access is denied ("
        with pytest.raises(InputError, match=re.escape(denied)) as raised:
            read(bucket.address())
        assert "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE" in str(raised.value)
        assert "anothersecret" not in str(raised.value)
        patch.delenv("AWS_SECRET_ACCESS_KEY")
        patch.delenv("AWS_ACCESS_KEY_ID")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        with pytest.raises(InputError, match=re.escape(denied)):
            read(bucket.address())
    with pytest.raises(InputError, match=re.escape("s3://shop@")) as raised:
        read(f"s3://shop:typedsecret@{bucket.name}/")
    assert "typedsecret" not in str(raised.value)


def test_a_store_that_is_gone_is_a_failure_of_the_outside(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(OutsideError, match=re.escape(f"{bucket.address()}: failed (When ")):
        read(bucket.address())


class Leading:
    """A store with a name that leads out of the folder, as S3 allows."""

    def get_file_info(self, _: object) -> list[FileInfo]:
        names = ("orders.csv", "../../home/.profile", "a/../../b")
        return [FileInfo(f"bucket/shop/{name}", type=FileType.File) for name in names]


def test_a_name_that_leads_out_of_the_folder_is_refused() -> None:
    location = Location(shown="s3://bucket/shop", scheme="s3", system=Leading(), path="bucket/shop")
    message = "s3://bucket/shop: names lead out of the folder (../../home/.profile, a/../../b). Rename"
    with pytest.raises(InputError, match=re.escape(message)):
        location.files()


def test_unknown_kinds_of_addresses_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=re.escape("nfs://: files are not read from such an address.")):
        read("nfs://host/shop")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(InputError, match=re.escape("or install churnml[cloud], which knows more kinds.")):
        read("sftp://host/shop")
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'churnml[cloud]'")):
        read("https://shop.example/orders.csv")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a web server, and the folder that it shows."""

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    (tmp_path / "web").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(tmp_path / "web")))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", tmp_path / "web"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_web_is_read_and_not_written(web: tuple[str, Path]) -> None:
    address, folder = web
    (folder / "orders.csv").write_text(ROWS)
    for source in (address, f"{address}/orders.csv?Signature=hidden"):
        assert check(source).rows == {"orders": 2}
    with pytest.raises(InputError, match=re.escape("/none.csv?Signature=...: there is no such file")):
        read(f"{address}/none.csv?Signature=hidden")
    with pytest.raises(InputError, match="nothing can be written there"):
        write(f"{address}/list", "a.csv")


def test_what_changed_is_put_back_and_nothing_after_an_error(bucket: Bucket) -> None:
    address = bucket.address("list")
    with at_place(address) as place:
        (place.path / "lists" / "2025-01-01").mkdir(parents=True)
        for name in ("run.json", "a.csv", "gone.csv", "same.csv", "lists/2025-01-01/run.json"):
            (place.path / name).write_text(name)
        assert place.shown(place.path / "a.csv") == f"{address}/a.csv"
        assert bucket.files("list") == {}
    same = bucket.store.get_file_info(f"{bucket.name}/list/same.csv").mtime_ns
    with at_place(address) as place:
        (place.path / "a.csv").write_text("another")
        (place.path / "gone.csv").unlink()
    assert bucket.files("list") == {
        "run.json": b"run.json",
        "a.csv": b"another",
        "same.csv": b"same.csv",
        "lists/2025-01-01/run.json": b"lists/2025-01-01/run.json",
    }
    assert bucket.store.get_file_info(f"{bucket.name}/list/same.csv").mtime_ns == same
    with pytest.raises(InputError, match=re.escape(f"{address}/a.csv: is wrong.")):
        write(address, "a.csv", is_wrong=True)
    assert bucket.files("list")["a.csv"] == b"another"


def test_a_mark_is_gone_until_all_is_there(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    address = bucket.address("list")
    with at_place(address) as place:
        (place.path / "run.json").write_text("1")
        (place.path / "a.csv").write_text("1")
    put = Location.write

    def fail(location: Location, source: Path, path: str) -> None:
        if path.endswith("z.csv"):
            raise OutsideError("gone")
        put(location, source, path)

    def change() -> None:
        with at_place(address) as place:
            for name in ("run.json", "a.csv", "z.csv"):
                (place.path / name).write_text("2")

    with monkeypatch.context() as patch:
        patch.setattr(Location, "write", fail)
        with pytest.raises(OutsideError, match="gone"):
            change()
    assert bucket.files("list") == {"a.csv": b"2"}
    change()
    assert bucket.files("list") == dict.fromkeys(("run.json", "a.csv", "z.csv"), b"2")


def test_one_run_at_a_time_on_this_machine(bucket: Bucket) -> None:
    address = bucket.address("list")
    with locked_place(address), pytest.raises(LockedError, match=re.escape(f"{address}/: another run holds it (proc")):
        hold(f"{address}/")
    hold(address)


def test_a_night_in_a_bucket_gives_the_files_of_a_night_in_a_folder(
    bucket: Bucket, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from churnml.data.simulator import simulate
    from churnml.tracking import runs

    monkeypatch.setattr(runs, "_log_plots_and_card", lambda *_: None)
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "false")
    simulate(tmp_path / "shop", customers=300, seed=11, kind="textbook", jobs=1)
    bucket.put("shop", tmp_path / "shop")
    (tmp_path / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    out, shop = bucket.address("list"), bucket.address("shop")
    options = ("--config", "settings.yaml", "--snapshot", "2025-06-10")
    code, said, err = run("run", shop, "--out", out, *options)
    assert code == 0, err
    assert f"{out}/worklist.xlsx" in said
    assert str(tmp_path) not in said
    code, said, err = run("run", shop, "--out", out, "--json", *options)
    assert (code, json.loads(said)["made"]) == (0, False), err
    assert f"{out}/run.json" in json.loads(said)["files"]
    code, _, err = run("run", "shop", "--out", "list", *options)
    assert code == 0, err
    there, here = bucket.files("list"), files_below(tmp_path / "list")
    assert set(there) == set(here)
    apart = {name for name in here if there[name] != here[name]}
    assert all(name.endswith("run.json") for name in apart)
    for target in (bucket.address("features.parquet"), "features.parquet"):
        code, said, err = run("features", shop, "--snapshot", "2025-06-10", "--out", target, *options[:2])
        assert (code, target in said) == (0, True), err
    assert bucket.read(f"{bucket.name}/features.parquet") == (tmp_path / "features.parquet").read_bytes()


def test_init_and_import_take_addresses(bucket: Bucket, run: Run, tmp_path: Path) -> None:
    bucket.put(
        "sales.csv",
        "Order No;Customer;Date;Total\n" + "".join(f"{n};c{n % 7};{1 + n % 28:02}.01.2025;{n},50\n" for n in range(60)),
    )
    code, said, err = run("init", bucket.address("sales.csv"), "--yes")
    assert code == 0, said + err
    assert "s3://" in (tmp_path / "settings.yaml").read_text(encoding="utf-8")
    bucket.put("cdnow.txt", " 00001 19970101  1   11.77\n 00002 19970112  1   12.00\n")
    code, said, err = run("import", "cdnow", bucket.address("cdnow.txt"), "--out", bucket.address("cdnow"))
    assert code == 0, said + err
    assert check(bucket.address("cdnow")).rows == {"orders": 2}


def test_a_picture_of_window_and_a_demo_go_to_addresses(bucket: Bucket, run: Run, tmp_path: Path) -> None:
    options = ("--config", "settings.yaml", "--customers", "300", "--kind", "textbook")
    (tmp_path / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    code, said, err = run("demo", "--out", bucket.address("demo"), *options)
    assert code in (0, 3), err  # so small a shop may have no skill
    assert "shop/orders.parquet" in bucket.files("demo")
    code, said, err = run("window", bucket.address("demo/shop"), "--out", bucket.address("window.png"))
    assert (code, bucket.address("window.png") in said) == (0, True), err
    assert bucket.read(f"{bucket.name}/window.png").startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir() if ":" in file.name] == []


@pytest.mark.parametrize("command", [("init", "orders.csv"), ("config", "schema"), ("config", "plays")])
def test_settings_are_a_file_on_this_machine(command: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,amount\n1,a,2025-01-05,9\n", encoding="utf-8")
    code, _, err = run(*command, "--out", "s3://bucket/settings.yaml")
    assert code == 1
    assert "--out: s3://bucket/settings.yaml is an address, but settings are a file on this machine" in err
    assert [file.name for file in tmp_path.iterdir()] == ["orders.csv"]
