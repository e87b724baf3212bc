"""``python -m tests.gui.notices``: a notification server on the bus of the environment.

It prints each notification as a line of JSON; a line ``ID ACTION`` on its standard input chooses an action of one.
"""

import asyncio
import json
import sys

from dbus_fast.aio import MessageBus
from dbus_fast.service import ServiceInterface, dbus_method, dbus_signal

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"


class Notices(ServiceInterface):
    def __init__(self):
        super().__init__(NAME)
        self._count = 0

    @dbus_method()
    def Notify(  # noqa: N802, PLR0917
        self,
        app: "s",  # noqa: F821
        replaces: "u",  # noqa: F821
        icon: "s",  # noqa: F821
        title: "s",  # noqa: F821
        body: "s",  # noqa: F821
        actions: "as",  # noqa: F722
        hints: "a{sv}",  # noqa: F722
        timeout: "i",  # noqa: F821
    ) -> "u":  # noqa: F821
        self._count += 1
        print(json.dumps({"id": self._count, "app": app, "title": title, "body": body, "actions": actions}), flush=True)
        return self._count

    @dbus_method()
    def CloseNotification(self, number: "u"):  # noqa: F821, N802
        pass

    @dbus_method()
    def GetCapabilities(self) -> "as":  # noqa: F722, N802
        return ["body", "actions"]

    @dbus_method()
    def GetServerInformation(self) -> "ssss":  # noqa: F821, N802
        return ["tests", "swictation", "1", "1.2"]

    @dbus_signal()
    def ActionInvoked(self, number, action) -> "us":  # noqa: F821, N802
        return [number, action]

    @dbus_signal()
    def NotificationClosed(self, number, reason) -> "uu":  # noqa: F821, N802
        return [number, reason]


async def main():
    bus = await MessageBus().connect()
    notices = Notices()
    bus.export(PATH, notices)
    await bus.request_name(NAME)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        number, action = line.split()
        notices.ActionInvoked(int(number), action)
        notices.NotificationClosed(int(number), 2)  # servers take away what was chosen from


if __name__ == "__main__":
    asyncio.run(main())
