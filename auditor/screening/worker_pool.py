"""Screen pictures in worker processes, so that a hostile picture can neither end nor hold up the service."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures.process import BrokenProcessPool

from auditor.errors import AuditorError, UsageError
from auditor.screening.screener import Screener, Screening
from auditor.workers.call_pool import CallPool

_log = logging.getLogger(__name__)

# Calls that are handed to each worker: one runs, and the next is there when it ends.
_CALLS_PER_WORKER = 2
# Seconds to start a worker, beyond the calls before and its own: imports on a busy machine.
_START_SECONDS = 60.0
# A Netpbm picture of two pixels, by which workers load what they need before the first request.
_SMALL_PICTURE = b"P5 2 1 255\n\x00\xff"

LIST_LOST = "a list can no longer be read"
NO_WORKER = "no worker process could be started"
NOT_IN_TIME = "it was not compared in time"


class ScreeningPool:
    """Screens pictures in worker processes with limits on time and memory.

    Whatever becomes of a worker (it crashes, takes too long, runs out of memory), its picture is unchecked, and a new
    worker takes its place. A worker that crashes leaves no core dump.
    """

    def __init__(self, screener: Screener, *, workers: int, timeout: float) -> None:
        """Prepare the workers.

        Args:
            screener: Opened once more in each worker; the lists' memory is shared.
            workers: The number of processes.
            timeout: Seconds that one picture may take.
        """
        self._workers = workers
        self._longest_wait = _CALLS_PER_WORKER * timeout + _START_SECONDS
        self._places = asyncio.Semaphore(_CALLS_PER_WORKER * workers)
        self._pool: CallPool[Screener, bytes, Screening] = CallPool(
            _screen, screener, workers=workers, timeout=timeout, preload=("auditor.screening.screener",)
        )
        self.is_working = True

    def start(self) -> None:
        """Start the workers. Raises UsageError if none of them can screen a small picture."""
        calls = [self._pool.submit(_SMALL_PICTURE) for _ in range(_CALLS_PER_WORKER * self._workers)]
        reasons = []
        for call in calls:
            try:
                call.exception(_START_SECONDS)
                reasons.append(self._pool.why_lost(call))
            except (TimeoutError, BrokenProcessPool):
                reasons.append(NO_WORKER)
        if all(reasons):
            raise UsageError(f"the service cannot screen: {reasons[-1]}")

    async def screen(self, data: bytes) -> Screening:
        """Screen the bytes of one picture file in a worker."""
        async with self._places:
            call = self._pool.submit(data)
            ended = asyncio.wrap_future(call)
            try:
                await asyncio.wait([ended], timeout=self._longest_wait)
                if ended.done() and not ended.cancelled():
                    ended.exception()  # asyncio logs an exception that nobody asked for
                why = self._pool.why_lost(call) if call.done() else NOT_IN_TIME
            except BrokenProcessPool:
                why = NO_WORKER
            except AuditorError as error:
                _log.error("%s", error)
                why = LIST_LOST
            finally:
                call.cancel()
        self.is_working = why not in (NO_WORKER, LIST_LOST)
        return Screening("unchecked", why=why) if why else call.result()

    def close(self) -> None:
        """Stop the workers."""
        self._pool.close()


def _screen(screener: Screener, data: bytes) -> Screening:
    """Screen the bytes of one picture file; called in a worker."""
    return screener.screen(data)
