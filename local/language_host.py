"""The Python language host for a `pulumi` built from its Go module, which comes without one.

Pulumi's engine talks to programs through a small gRPC service. The SDK carries nearly all of it for inline programs
(`pulumi.automation`); this adds what a project on disk needs: running its entry point, and policy packs as child
processes. The official CLI has its own host and never starts this one.
"""

# pyright: basic
# The SDK's language server has no annotations, and everything here derives from it.

import os
import queue
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import IO

import grpc
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2, plugin_pb2
from pulumi.runtime.proto.language_pb2_grpc import add_LanguageRuntimeServicer_to_server

MAX_MESSAGE_BYTES = 400 * 2**20  # the engine's own limit
READ_BYTES = 4096
ENGINE_CHECK_SECONDS = 0.5


class ProjectLanguageServer(LanguageServer):
    """Runs the Pulumi project that the engine names, and policy packs beside it. Methods are named by the protocol."""

    def __init__(self, engine_address: str) -> None:
        super().__init__(lambda: None)  # `Run` knows the program
        self._engine_address = engine_address
        self._plugins: set[subprocess.Popen[bytes]] = set()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: object, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version("pulumi"))

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        return iter(())  # the Makefile installs them, with hashes

    def RuntimeOptionsPrompts(
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        return language_pb2.RuntimeOptionsResponse()

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        return language_pb2.GetProgramDependenciesResponse()

    def Run(self, request: language_pb2.RunRequest, context) -> language_pb2.RunResponse:
        folder = Path(request.info.program_directory)
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        self.program = partial(_run_program, folder / request.info.entry_point)
        request.args[:] = [self._engine_address]  # where the SDK's server looks for it
        response = super().Run(request, context)
        # The SDK has logged the error; named here again, the engine would print it a second time.
        return language_pb2.RunResponse(bail=True) if response.error else response

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        plugin = subprocess.Popen(
            (sys.executable, "-u", "-m", "pulumi.policy", self._engine_address, request.info.program_directory),
            cwd=request.pwd,
            env={**os.environ, **dict(variable.split("=", 1) for variable in request.env)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._plugins.add(plugin)
        context.add_callback(plugin.kill)
        yield from _output(plugin)
        self._plugins.discard(plugin)
        yield language_pb2.RunPluginResponse(exitcode=plugin.wait())

    def leave_with_engine(self) -> None:
        """End, and end the plugins, once the engine is gone: one that was killed tells nobody."""
        engine = os.getppid()
        while os.getppid() == engine:
            time.sleep(ENGINE_CHECK_SECONDS)
        for plugin in tuple(self._plugins):
            plugin.kill()
        os._exit(1)


def _run_program(entry_point: Path) -> None:
    runpy.run_path(str(entry_point), run_name="__main__")


def _output(plugin: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
    """What a plugin prints, as it prints it, until it has closed both its streams."""
    printed: queue.Queue[language_pb2.RunPluginResponse | None] = queue.Queue()

    def pump(stream: IO[bytes], wrap: Callable[[bytes], language_pb2.RunPluginResponse]) -> None:
        while chunk := os.read(stream.fileno(), READ_BYTES):
            printed.put(wrap(chunk))
        printed.put(None)

    assert plugin.stdout and plugin.stderr  # noqa: PT018, S101 - both are pipes, above
    threading.Thread(target=pump, args=(plugin.stdout, _stdout), daemon=True).start()
    threading.Thread(target=pump, args=(plugin.stderr, _stderr), daemon=True).start()
    for _ in range(2):
        yield from iter(printed.get, None)


def _stdout(chunk: bytes) -> language_pb2.RunPluginResponse:
    return language_pb2.RunPluginResponse(stdout=chunk)


def _stderr(chunk: bytes) -> language_pb2.RunPluginResponse:
    return language_pb2.RunPluginResponse(stderr=chunk)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """End quietly: a Ctrl-C reaches this process too, and the engine says what there is to say."""
    os._exit(0)


def main() -> None:
    """Serve the engine whose address is the last argument; print the port, as the engine expects."""
    signal.signal(signal.SIGINT, _leave)
    server = grpc.server(ThreadPoolExecutor(), options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)])
    language_server = ProjectLanguageServer(sys.argv[-1])
    add_LanguageRuntimeServicer_to_server(language_server, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    language_server.leave_with_engine()


if __name__ == "__main__":
    main()
