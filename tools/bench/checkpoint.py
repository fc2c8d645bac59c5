"""What pynetdicom 3.0.4 needs for requests in quick succession.

An association's own thread is stopped before a request is sent, so that it does not take the answer. It may be believed to
have stopped already, from the last request, when it is only about to go on: then it takes the answer, and who asked waits
for ever. A report on a storage commitment is answered by a thread that says of the other one that it goes on, so that who
asks next waits for ever. Here who stops it waits until it has, and one that was stopped again in time never goes on.
"""

import threading

import pynetdicom.ae
import pynetdicom.association


class Checkpoint:
    """Where the thread of an association stops: threading.Event, as far as pynetdicom uses it."""

    def __init__(self, association):
        self.association = association
        self.condition = threading.Condition()
        self.is_open = True
        self.is_waiting = False

    def wait(self):
        with self.condition:
            while not self.is_open:
                self.is_waiting = True
                self.condition.notify_all()
                self.condition.wait()
            self.is_waiting = False

    def clear(self):
        with self.condition:
            self.is_open = False
            while not self.is_waiting and self.association.is_alive() and threading.current_thread() != self.association:
                self.condition.wait(0.1)

    def set(self):
        with self.condition:
            self.is_open = True
            self.condition.notify_all()


class Association(pynetdicom.association.Association):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._reactor_checkpoint = Checkpoint(self)

    @property
    def _is_paused(self):
        return self._reactor_checkpoint.is_waiting or not self.is_alive()

    @_is_paused.setter
    def _is_paused(self, value):
        pass


# Of those that are asked for.
pynetdicom.ae.Association = Association
