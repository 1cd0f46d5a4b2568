"""The command about a model in service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from churnml.cli.app import app
from churnml.cli.options import (
    AsJson,
    ConfigFile,
    Data,
    Language,
    ModelAddress,
    Secrets,
    Snapshot,
    day_of,
    real_ids_of,
)
from churnml.cli.say import say_json
from churnml.cli.show import progress_bar
from churnml.cli.show_health import end_with_alarm, print_baseline, print_decay, print_health
from churnml.cli.show_outcome import print_files


@app.command()
def monitor(
    data: Data,
    lists: Annotated[str | None, typer.Option("--lists", help="Folder of the lists, as --out of run.")] = None,
    snapshot: Snapshot = None,
    model: ModelAddress = None,
    out: Annotated[
        str | None, typer.Option("--out", help="Folder for monitor.html and monitor.json; default: that of the lists.")
    ] = None,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", help="What ends with exit code 4: alarm, warn or never.")
    ] = None,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Replay past days, from which limits follow; takes a while.")
    ] = False,
    decay: Annotated[
        bool, typer.Option("--decay", help="Measure how the model ages, and when to train again; takes a while.")
    ] = False,
    secrets: Secrets = None,
    config_file: ConfigFile = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Check a model in service: whether past lists were right, whether the data is whole, and what moved."""
    from churnml.campaigns.kept_lists import keeps_lists
    from churnml.cli.notified import tell_health
    from churnml.config import load_config
    from churnml.data.places import at_place, optional_place, path_of
    from churnml.errors import InputError
    from churnml.monitoring.health import check_health
    from churnml.reporting.health import to_json, write_health
    from churnml.scoring.scorer import Scorer
    from churnml.shop_jobs import open_shop
    from churnml.tracking.health import log_health
    from churnml.tracking.mlflow_store import has_store, known_store
    from churnml.training.rows.study import silent

    config = load_config(config_file, scoring={"language": language}, monitoring={"fail_on": fail_on})
    language = config.scoring.language
    lists = lists or config.monitoring.lists
    day = day_of("--snapshot", snapshot)
    if baseline and lists is None:
        raise InputError("--lists: name the folder of the lists, beside which the replay is kept.")
    shop = open_shop(data, config)
    if baseline:
        from churnml.monitoring.replay import make_baseline

        with at_place(lists or "") as place:
            with progress_bar() as progress, known_store(keeps_lists(place.path)):
                replayed = make_baseline(shop, day, config, model=model, progress=progress or silent)
            file = place.shown(replayed.write(place.path))
        print_baseline(replayed, file, language)
        return
    if decay:
        from churnml.monitoring.decay import measure_decay, write_decay

        with optional_place(lists) as kept:
            with progress_bar() as progress, known_store(keeps_lists(path_of(kept))):
                aged = measure_decay(shop, day, config, model=model, progress=progress or silent)
            files = [] if kept is None else [kept.shown(write_decay(aged, kept.path))]
        print_decay(aged, language)
        if files:
            print_files(files, language)
        return
    clock = datetime.now(UTC).replace(tzinfo=None)
    with optional_place(lists) as kept, optional_place(out) as apart:
        at = apart or kept
        with known_store(keeps_lists(path_of(kept))):
            used, was_there = Scorer(model, config).model, has_store(config.tracking)
        health = check_health(shop, path_of(kept), used, day, config, real_ids=real_ids_of(secrets), clock=clock)
        files = []
        if at is not None:
            written = write_health(health, at.path, language, shop.currency)
            since = (health.day - used.as_of).days
            log_health(health, config, written, since=since, was_there=was_there)
            files = list(map(at.shown, written))
    if as_json:
        say_json(to_json(health, language))
    else:
        print_health(health, language, shop.currency)
        if files:
            print_files(files, language)
    tell_health(config, health, exit_code=4 if health.ends_with_alarm(config.monitoring.fail_on) else 0)
    end_with_alarm(health, config)
