"""Every error that ganzoo raises on purpose.

    GanzooError
    |-- UnknownName        (LookupError)   no entry, model, option value or label has that name
    |-- DuplicateName      (ValueError)    two plugins claim the same name
    |-- PluginError        (RuntimeError)  a plugin breaks the contract: misspelled hook, wrong return value
    |-- OptionError        (ValueError)    an option that does not exist, or a value that it does not accept
    |-- ReferenceError     (ValueError)    a model reference that is misspelled
    |-- RegistryError      (ValueError)    a registry or model folder that cannot be read
    |-- ProtocolError      (ValueError)    scores measured with different protocols, which are not comparable
    |-- WeightsError       (ValueError)    a weights file that is missing, damaged, or does not fit
    |   `-- HashMismatch                   its SHA-256 is not the one stated on the card
    |-- HubError           (OSError)       the Hub cannot be reached, or rejected the request
    |   |-- HubNotFound                    no such repository, revision or file
    |   |-- HubForbidden                   private, gated, or not allowed with this token
    |   `-- HubUnreachable                 no connection, or offline and not cached
    |-- ImageError         (ValueError)    an input that is not a readable image
    |-- DataError          (ValueError)    a dataset that cannot be used
    |   `-- TooFewImages                   a measurement that needs more images
    |-- OutputError        (OSError)       a result that cannot be written
    |-- DeviceError        (RuntimeError)  a device or engine that is not available
    |   |-- UnsuitedNetwork                a network that an engine never takes, on any machine
    |   `-- MeasuredDifference             an engine that computes something else than the network
    |-- MissingPackage     (ImportError)   a package of an optional extra that is not installed
    `-- TrainingError      (RuntimeError)  a run that cannot start, resume or continue

Messages say what is wrong, what would be right, and one next step.
"""

from __future__ import annotations

from collections.abc import Iterable


class GanzooError(Exception):
    """Base of every error that ganzoo raises on purpose; its text is meant for the user."""

    def __str__(self) -> str:  # LookupError and OSError would add quotes or an errno
        return str(self.args[0]) if self.args else self.__class__.__name__


class UnknownName(GanzooError, LookupError):
    """No entry, model or label has that name."""


class DuplicateName(GanzooError, ValueError):
    """Two plugins claim the same name."""


class PluginError(GanzooError, RuntimeError):
    """A plugin breaks the contract of the hooks."""


class OptionError(GanzooError, ValueError):
    """An option that does not exist, or a value that it does not accept."""


class ReferenceError(GanzooError, ValueError):  # noqa: A001 - ganzoo.errors.ReferenceError reads right
    """A model reference that is misspelled."""


class RegistryError(GanzooError, ValueError):
    """A registry file or model folder that cannot be read."""


class ProtocolError(GanzooError, ValueError):
    """Scores measured with different protocols, which are not comparable."""


class WeightsError(GanzooError, ValueError):
    """A weights file that is missing, damaged, or does not fit the network."""


class HashMismatch(WeightsError):
    """A weights file whose SHA-256 is not the stated one."""


class HubError(GanzooError, OSError):
    """The Hub cannot be reached, or rejected the request."""


class HubNotFound(HubError):
    """No such repository, revision or file on the Hub."""


class HubForbidden(HubError):
    """The repository is private or gated, or the token does not allow this."""


class HubUnreachable(HubError):
    """No connection to the Hub, or offline mode and nothing cached."""


class ImageError(GanzooError, ValueError):
    """An input that is not a readable image."""


class DataError(GanzooError, ValueError):
    """A dataset that cannot be used."""


class TooFewImages(DataError):
    """A measurement that needs more images."""


class OutputError(GanzooError, OSError):
    """A result that cannot be written."""


class DeviceError(GanzooError, RuntimeError):
    """A device or engine that is not available on this machine."""


class UnsuitedNetwork(DeviceError):
    """A network that an engine never takes. "auto" remembers it, and takes another engine."""


class MeasuredDifference(DeviceError):
    """An engine that computes something else than the network. "auto" says and remembers it, and takes another."""


class MissingPackage(GanzooError, ImportError):
    """A package of an optional extra that is not installed."""

    @classmethod
    def of(cls, what: str, package: str, extra: str) -> MissingPackage:
        """Return the error that says what needs the package, and which extra installs it."""
        return cls(f"{what} needs {package}. Install it: pip install 'ganzoo-core[{extra}]'")


class TrainingError(GanzooError, RuntimeError):
    """A training run that cannot start, resume or continue."""


def suggest(wrong: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the known name most similar to ``wrong``, or ""."""
    import difflib  # imported only after a mistake

    near = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
