"""Who is told what happens on the board: one table `[notices.NAME]` a target, its secrets by the environment.

Each field has a variable, SCRIPTBENCH_NOTICES__NAME__FIELD: so `url`, which has a robot's key in it, and `secrets` stay
out of files. What is wrong with a field is said without saying what was in it.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, SecretStr


class NoticeTarget(BaseModel):
    """One chat, mailbox or webhook."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    #: `apprise` for chats and mailboxes, `webhook` for systems
    kind: Literal["apprise", "webhook"]
    #: an Apprise address (wecombot://…, dingtalk://…, feishu://…, mailtos://…), or the webhook's https://…
    url: SecretStr
    #: what a webhook is signed with, whsec_…; two while the receiver changes over
    secrets: tuple[SecretStr, ...] = ()
    #: what it is told; none means everything
    events: tuple[str, ...] = ()
    #: of whose concerns it is told; none means everyone's
    roles: tuple[str, ...] = ()
    language: Literal["zh-CN", "en"] = "zh-CN"
