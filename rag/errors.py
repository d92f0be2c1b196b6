"""Everything that can go wrong on purpose.

    RagError
    ├── InputError                what was given cannot be used
    │   ├── UnsupportedFormat     no reader for this kind of file
    │   ├── UnreadableDocument    empty, binary, damaged, vanished, not text
    │   ├── DocumentTooLarge      over the size limit
    │   ├── FetchRefused          an address that is not connected to
    │   ├── FetchFailed           a page that could not be had
    │   │   └── PageGone          its server says that there is none
    │   ├── InvalidQuestion       empty, too long, nothing to search for
    │   ├── ConversationFull      it has as many questions as one may have
    │   ├── InvalidSetting        a setting or option has a value that makes no sense
    │   └── WrongPassword         the password that has to be known to choose another one is another
    ├── SignInRefused             who asks is not who they say, or not known (any more)
    │   └── ProxyRefused          a header that names a person, from where no proxy is
    ├── NotFoundError
    │   ├── DocumentNotFound      no document has this id
    │   ├── ConversationNotFound  no conversation has this id, or none any more
    │   ├── PersonNotFound        nobody has this name
    │   ├── KeyNotFound           a person has no such key
    │   ├── OriginalNotFound      the file that a document was read from is not kept
    │   └── PageNotFound          the original has no such page, or none that can be shown
    ├── NotReadyError             what is needed is not there yet
    │   ├── IndexMissing          nothing has been ingested into this data directory
    │   ├── ModelUnavailable      the embedding model cannot be had, or its hash is wrong
    │   └── SignInUnavailable     the server that knows who people are does not answer, or not as it should
    └── StorageError              the data directory cannot be used as asked
        ├── StorageReadOnly       it, or a file in it, cannot be written
        ├── StorageFull           the disk, or a limit on it, is full
        ├── StorageBusy           another process is writing
        ├── StorageUnreachable    the server of the database does not answer, or not any more
        ├── StorageTooNew         written by a newer version of the program
        ├── StorageDamaged        a page of the database does not read back
        └── ModelMismatch         the index was made with another model

Each message says what was found, what was expected and what to do. A question that the documents do not answer is not
an error: it is an `Answer`. A programmer's mistake stays a `ValueError`.
"""

from __future__ import annotations


class RagError(Exception):
    """The root: catch this and show `str(error)` to the user."""


class InputError(RagError):
    """What was given cannot be used."""


class UnsupportedFormat(InputError):
    """No reader handles this kind of file."""


class UnreadableDocument(InputError):
    """The file is empty, binary, damaged, not text, or not there any more."""


class DocumentTooLarge(InputError):
    """The document is over the size limit of the settings."""


class FetchRefused(InputError):
    """The address is none of a page, or leads where nothing is fetched from without leave."""


class FetchFailed(InputError):
    """The page could not be had: no connection, no proper answer, or one that is over a limit."""


class PageGone(FetchFailed):
    """The server answers that there is no such page, or none any more."""


class InvalidQuestion(InputError):
    """The question is empty, too long, or holds nothing to search for."""


class ConversationFull(InputError):
    """The conversation has as many questions as one may have."""


class InvalidSetting(InputError):
    """A setting or an option has a value that makes no sense."""


class WrongPassword(InputError):
    """The password that has to be known to choose another one is not the one that was given."""


class SignInRefused(RagError):
    """Who asks is not who they say they are, or is not known, or not any more."""


class ProxyRefused(SignInRefused):
    """A header says who asks, and the request comes from where no proxy is named."""


class NotFoundError(RagError):
    """What was asked for does not exist."""


class DocumentNotFound(NotFoundError):
    """No document has this id."""


class ConversationNotFound(NotFoundError):
    """No conversation has this id, or none any more; or it has no such turn."""


class PersonNotFound(NotFoundError):
    """Nobody has this name."""


class KeyNotFound(NotFoundError):
    """A person has no key with this id."""


class OriginalNotFound(NotFoundError):
    """The file that a document was read from is not kept."""


class PageNotFound(NotFoundError):
    """The original has no page of this number, or none that can be shown as a picture."""


class NotReadyError(RagError):
    """What is needed is not there yet."""


class IndexMissing(NotReadyError):
    """Nothing has been ingested into this data directory."""


class ModelUnavailable(NotReadyError):
    """The embedding model cannot be had offline, or its weights are not the expected ones."""


class SignInUnavailable(NotReadyError):
    """The server that knows who people are, or their groups, does not answer, or not as it should."""


class StorageError(RagError):
    """The data directory cannot be used as asked."""


class StorageReadOnly(StorageError):
    """The data directory, or a file in it, cannot be written."""


class StorageFull(StorageError):
    """No space is left, or a limit on file size is reached."""


class StorageBusy(StorageError):
    """Another process is writing to the data directory."""


class StorageUnreachable(StorageError):
    """The server of the database does not answer, or the connection to it has ended."""


class StorageTooNew(StorageError):
    """The data directory was written by a newer version of the program."""


class StorageDamaged(StorageError):
    """A page of the database does not read back."""


class ModelMismatch(StorageError):
    """The index was made with another embedding model."""
