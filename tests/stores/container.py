"""Makes a container in an Azure server on loopback: container.py PORT NAME. Only Python's own library."""

import base64
import email.utils
import hashlib
import hmac
import os
import sys
import urllib.request

port, name = sys.argv[1:]
account = os.environ["AZURE_STORAGE_ACCOUNT_NAME"]
key = base64.b64decode(os.environ["AZURE_STORAGE_ACCOUNT_KEY"])
date = email.utils.formatdate(usegmt=True)
version = "2021-08-06"
headers = f"x-ms-date:{date}\nx-ms-version:{version}\n"
# The account stands twice: in the path that an emulator has, and before it.
resource = f"/{account}/{account}/{name}\nrestype:container"
signed = "PUT" + "\n" * 12 + headers + resource
signature = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()
request = urllib.request.Request(
    f"http://127.0.0.1:{port}/{account}/{name}?restype=container",
    method="PUT",
    headers={
        "x-ms-date": date,
        "x-ms-version": version,
        "Authorization": f"SharedKey {account}:{signature}",
        "Content-Length": "0",
    },
)
urllib.request.urlopen(request)
