"""The command line. Each verb reports in words, or with ``--json`` as JSON; errors are one line on stderr.

Imports are made where a verb needs them: ``swictation toggle`` has to be over in 80 ms, Python's own start included.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from daemon.errors import SwictationError

Verb = Callable[[argparse.Namespace], int]


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit status is 0 for success, 1 for an error that was told, 2 for wrong usage."""
    chosen = _parser().parse_args(arguments)
    verb: Verb = chosen.run
    try:
        status = verb(chosen)
        sys.stdout.flush()
    except SwictationError as error:
        print(f"swictation: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `swictation history | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="swictation", description="Press a key, speak, and the words stand at the cursor."
    )
    parser.set_defaults(run=_everything)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")

    def add(name: str, run: Verb, help: str, *, reports: bool = True) -> argparse.ArgumentParser:  # noqa: A002 - argparse's word
        verb = verbs.add_parser(name, help=help, description=help)
        verb.set_defaults(run=run)
        if reports:
            verb.add_argument("--json", action="store_true", help="report as JSON")
        return verb

    add("daemon", _daemon, "run the daemon in the foreground", reports=False).add_argument(
        "--model", type=Path, metavar="DIR", help="use the model bundle in DIR"
    )
    add("tray", _tray, "run the tray in the foreground", reports=False)
    add("toggle", _ask("toggle"), "start or stop dictation")
    add("start", _start, "start dictation").add_argument(
        "--hands-free", action="store_true", help="stay open and insert at every pause until stopped"
    )
    add("stop", _ask("stop"), "stop dictation and insert what was said")
    add("cancel", _ask("cancel"), "stop dictation and drop what was said, or close a microphone that stays open")
    add("quit", _ask("quit"), "end the daemon")
    add("status", _status, "show state, model, microphone and the last utterance")
    add("watch", _watch, "show the text as it grows while you speak, and what came of it, until Ctrl+C")
    transcribe = add("transcribe", _transcribe, "recognise audio files; needs no daemon")
    transcribe.add_argument("files", nargs="+", type=Path, metavar="FILE")
    transcribe.add_argument("--model", type=Path, metavar="DIR", help="use the model bundle in DIR")
    dictate = add("dictate", _dictate, "play a file through the running daemon as if it were the microphone")
    dictate.add_argument("--from", dest="file", type=Path, required=True, metavar="FILE")
    dictate.add_argument("--hands-free", action="store_true", help="insert at every pause, not once at the end")
    last = add("last", _last, "show the last text")
    last.add_argument("--insert", action="store_true", help="insert it again, into the window that has the focus")
    last.add_argument("--after", type=float, default=0.0, metavar="SECONDS", help="wait first, to change the window")
    add("undo", _undo, "take back the last insertion, while nothing else has touched its window")
    history = add("history", _history, "show what was said, newest last")
    history.add_argument("-n", type=int, default=20, metavar="COUNT", help="how many entries (20)")
    _history_arguments(history)
    stats = add("stats", _stats, "show what users waited for, what it depends on, and how far it scatters")
    stats.add_argument(
        "--against", type=Path, metavar="FILE", help="name what became slower since `stats --json > FILE`"
    )
    stats.add_argument("--report", type=Path, metavar="FILE", help="write FILE.html or FILE.png with plots")
    add("devices", _devices, "list the microphones")
    config = add("config", _config, "show the configuration, or change it")
    config.add_argument("action", nargs="?", choices=("show", "path", "get", "set"), default="show")
    config.add_argument("key", nargs="?", help="the dotted key, such as hotkey.key")
    config.add_argument("value", nargs="?")
    autostart = add("autostart", _autostart, "start on login, or not, or show how it stands")
    autostart.add_argument("action", nargs="?", choices=("on", "off", "status"), default="status")
    doctor = add("doctor", _doctor, "prove each part by using it, and say what mends what is broken")
    doctor.add_argument("--report", type=Path, metavar="FILE", help="write FILE, fit for a bug report: nothing private")
    setup = add("setup", _setup, "run the doctor, apply what may be applied of its remedies, and say what is left")
    setup.add_argument("--yes", action="store_true", help="apply everything without asking")
    _bench_arguments(add("bench", _bench, "measure every model on every engine, side by side"))
    _models_arguments(add("models", _models, "list, get, check, choose and remove models"))
    return parser


def _history_arguments(history: argparse.ArgumentParser) -> None:
    history.add_argument("--search", metavar="TEXT", help="only entries with TEXT in them")
    history.add_argument("--ids", action="store_true", help="show the id of each entry")
    action = history.add_mutually_exclusive_group()
    action.add_argument("--insert", metavar="ID", help="insert its text again, into the window that has the focus")
    action.add_argument("--decode", metavar="ID", help="recognise its kept audio again, with the model in use")
    action.add_argument("--delete", metavar="ID", help="delete one entry and its audio, for good")
    action.add_argument("--clear", action="store_true", help="delete every entry and its audio, for good")


def _bench_arguments(bench: argparse.ArgumentParser) -> None:
    bench.add_argument(
        "--model", type=Path, action="append", metavar="DIR", help="only (--path: too) the bundle in DIR; repeatable"
    )
    audio = bench.add_mutually_exclusive_group()
    usual_s = [1.0, 2.8, 5.0, 10.0, 30.0]
    audio.add_argument(
        "--lengths", type=float, nargs="+", default=usual_s, metavar="S", help="seconds of the bundled recording"
    )
    audio.add_argument("--files", type=Path, nargs="+", metavar="FILE", help="recordings of your own, each as it is")
    bench.add_argument("--repeats", type=int, default=10, metavar="N", help="warm decodes of each (10)")
    bench.add_argument("--threads", type=int, metavar="N", help="in place of the configuration's")
    peers = ("sherpa", "onnx-asr")
    bench.add_argument("--compare", choices=peers, action="append", default=[], help="run a peer too; repeatable")
    bench.add_argument("--report", type=Path, metavar="FILE", help="write FILE.html or FILE.png with plots")
    bench.add_argument("--path", action="store_true", help="the whole path in place of the engines: sound to text")


def _models_arguments(models: argparse.ArgumentParser) -> None:
    actions = ("list", "pull", "verify", "use", "measure", "optimise", "remove", "path")
    models.add_argument("action", nargs="?", choices=actions, default="list")
    models.add_argument("name", nargs="?", help="a model; without, pull and use take what suits this machine")
    models.add_argument("--from", dest="file", type=Path, metavar="FILE", help="pull: unpack FILE instead of fetching")
    models.add_argument("--mirror", metavar="URL", help="pull: fetch from below URL (or set SWICTATION_MIRROR)")
    models.add_argument("--progress", choices=("json",), help="pull: tell each step as JSON on a line of its own")


def report(arguments: argparse.Namespace, result: Any, words: Callable[[Any], str]) -> None:
    """Print a result as JSON or in words."""
    print(json.dumps(result, ensure_ascii=False) if arguments.json else words(result))


# -- the daemon ------------------------------------------------------------------------------------------------------


def _daemon(arguments: argparse.Namespace) -> int:
    from daemon import app

    return app.main(arguments.model)


def _tray(_arguments: argparse.Namespace) -> int:
    from daemon import launch

    return launch.tray()


def _everything(_arguments: argparse.Namespace) -> int:
    from daemon import launch

    return launch.everything()


def _ask(verb: str) -> Verb:
    def run(arguments: argparse.Namespace) -> int:
        from daemon.binding import tell
        from daemon.client import ask

        result = ask(verb)
        if arguments.json:
            print(json.dumps(result))
        elif isinstance(result, dict):
            tell(result)
        return 0

    return run


def _start(arguments: argparse.Namespace) -> int:
    from daemon.binding import tell
    from daemon.client import ask

    result = ask("start", hands_free=arguments.hands_free)
    if arguments.json:
        print(json.dumps(result))
    else:
        tell(result)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    from daemon.client import ask

    status = ask("status")
    if arguments.json:
        print(json.dumps(status))
    else:
        from daemon.words import status_in_words

        print(status_in_words(status))
    return 0


def _watch(arguments: argparse.Namespace) -> int:
    from daemon.commands import watch

    return watch.run(as_json=arguments.json)


def _last(arguments: argparse.Namespace) -> int:
    from daemon import reports
    from daemon.client import ask
    from daemon.errors import NoDaemon

    if arguments.insert:
        import time

        time.sleep(arguments.after)
        entry = ask("insert_last")
        report(arguments, entry, lambda entry: " ".join(filter(None, (entry["outcome"], entry["reason"]))))
        return 0 if entry["outcome"] in {"confirmed", "sent"} else 1
    try:
        entry = ask("last")
    except NoDaemon:
        entry = reports.last_text()
    if entry is None:
        print("swictation: nothing has been dictated yet", file=sys.stderr)
        return 1
    report(arguments, entry, lambda entry: str(entry["text"]))
    return 0


def _undo(arguments: argparse.Namespace) -> int:
    from daemon.client import ask

    result = ask("undo")
    report(arguments, result, lambda result: "taken back" if result["undone"] else f"left as it is: {result['reason']}")
    return 0 if result["undone"] else 1


def _dictate(arguments: argparse.Namespace) -> int:
    from daemon.commands.play import play
    from daemon.words import entry_in_words

    entries = play(arguments.file, hands_free=arguments.hands_free)
    report(arguments, entries, lambda entries: "\n".join(map(entry_in_words, entries)) or "no speech in it")
    return 0 if all(entry["outcome"] in {"confirmed", "sent", "nothing"} for entry in entries) else 1


# -- without the daemon ----------------------------------------------------------------------------------------------


def _transcribe(arguments: argparse.Namespace) -> int:
    from daemon.commands import transcribe

    return transcribe.run(arguments.files, arguments.model, as_json=arguments.json)


def _history(arguments: argparse.Namespace) -> int:
    from daemon.commands import history as history_command

    return history_command.run(arguments)


def _stats(arguments: argparse.Namespace) -> int:
    from daemon.stats import command

    return command.run(arguments)


def _devices(arguments: argparse.Namespace) -> int:
    from daemon import reports
    from daemon.words import devices_in_words

    report(arguments, reports.devices(), devices_in_words)
    return 0


def _config(arguments: argparse.Namespace) -> int:
    from daemon import config, paths
    from daemon.errors import ConfigError

    file = paths.config_file()
    if arguments.action == "set":
        if arguments.key is None or arguments.value is None:
            raise ConfigError("say which key and which value: swictation config set KEY VALUE")
        return _set_config(arguments)
    if arguments.action == "path":
        report(arguments, {"path": str(file)}, lambda result: str(result["path"]))
        return 0
    values = config.flatten(config.load(file))
    if arguments.action == "get":
        if arguments.key not in values:
            raise ConfigError(f"{arguments.key}: unknown key; `swictation config` lists them")
        values = {arguments.key: values[arguments.key]}
    report(arguments, values, lambda values: "\n".join(f"{key} = {json.dumps(value)}" for key, value in values.items()))
    return 0


def _set_config(arguments: argparse.Namespace) -> int:
    from daemon import config, paths
    from daemon.client import Client
    from daemon.errors import NoDaemon

    value = config.read_value(arguments.key, arguments.value)
    try:
        with Client(timeout_s=180.0) as daemon:  # another model may have to be loaded first
            result = daemon.ask("set_config", key=arguments.key, value=value)
    except NoDaemon:
        changed = config.set_value(paths.config_file(), arguments.key, value)
        result = {"values": config.flatten(changed), "restart_needed_for": []}
    report(arguments, result, lambda _result: "set")
    return 0


def _autostart(arguments: argparse.Namespace) -> int:
    from daemon.autostart import switch

    state = switch.switched({"on": True, "off": False, "status": None}[arguments.action])
    report(arguments, state.as_json(), lambda _json: state.in_words())
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from daemon.doctor import command

    return command.run(arguments)


def _setup(arguments: argparse.Namespace) -> int:
    from daemon.commands import setup as setup_command

    return setup_command.run(arguments)


def _bench(arguments: argparse.Namespace) -> int:
    from daemon.commands import bench as bench_command

    return bench_command.run(arguments)


def _models(arguments: argparse.Namespace) -> int:
    from daemon.commands import models as model_commands

    return model_commands.run(arguments)
