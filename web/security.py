"""What every answer tells the browser to refuse: foreign code, framing, guessing of types, and keeping copies."""

from flask import Flask, Response, request

# BokehJS writes <style> elements and cannot carry a nonce, hence 'unsafe-inline' for elements, never for attributes.
# Chart JSON stands in data blocks, which are not scripts, so no nonce is needed anywhere.
PAGE_RULES = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "style-src-elem 'self' 'unsafe-inline'",
    "style-src-attr 'none'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
HEADERS = {
    "Content-Security-Policy": "; ".join(PAGE_RULES),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Pages show people's names and unpublished results. Assets say for themselves how long they keep.
    "Cache-Control": "no-store",
}
ONLY_TLS = ("Strict-Transport-Security", "max-age=31536000")


def install(app: Flask) -> None:
    """Add the headers to every answer; one that a view set itself stays."""
    app.after_request(_protect)


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault(*ONLY_TLS)
    return response
