"""Clients that ask side by side."""

import threading


class Crowd:
    """Clients on a thread each, until the end of the block; what they did is counted, what went wrong is kept.

    A client is a function that makes a generator: every step is something done. One that fails begins anew.
    """

    def __init__(self, clients):
        self.ended, self.changed = threading.Event(), threading.Condition()
        self.counts, self.failures = {client.__name__: 0 for client in clients}, []
        self.threads = [threading.Thread(target=self._run, args=(client,)) for client in clients]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def wait_for(self, steps):
        """Until every kind of client has done so many more."""
        with self.changed:
            goal = {kind: count + steps for kind, count in self.counts.items()}
            assert self.changed.wait_for(lambda: all(self.counts[kind] >= goal[kind] for kind in goal), 60), self.failures[:5]

    def _run(self, client):
        steps = client()
        while not self.ended.is_set():
            try:
                next(steps)
            except Exception as failure:  # noqa: BLE001: whatever it is, something good has failed
                steps = client()
                with self.changed:
                    self.failures.append(f"{client.__name__}: {failure!r}")
                self.ended.wait(0.1)
                continue
            with self.changed:
                self.counts[client.__name__] += 1
                self.changed.notify_all()
        steps.close()
