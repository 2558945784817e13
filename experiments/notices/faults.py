"""What keeps a notice from arriving."""


class NotSent(Exception):
    """A target did not take a notice. `fault` is short, and holds nothing that was sent or answered.

    Args:
        fault: what went wrong, as people read it in the list of notices.
        for_good: whether trying again is of no use.
        wait: how many seconds the target asked to be left alone.
    """

    def __init__(self, fault: str, *, for_good: bool = False, wait: float = 0) -> None:
        self.fault, self.for_good, self.wait = fault[:64], for_good, wait
        super().__init__(self.fault)
