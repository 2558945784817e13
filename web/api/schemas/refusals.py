"""Refusals: one shape for all of them."""

from pydantic import Field

from web.api.schemas.fields import Answer


class FieldProblem(Answer):
    """What is wrong with one field."""

    field: str
    code: str
    message: str


class ProblemDetails(Answer):
    """Every refusal, whatever its status (RFC 9457). `code` is stable; `detail` is in the caller's language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem] | None = Field(default=None, description="With 422: each field that is wrong.")
