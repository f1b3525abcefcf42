"""Sends what a server of a shop sends: python3 python.py DSN"""
import logging
import sys

import sentry_sdk

sentry_sdk.init(dsn=sys.argv[1], release="shop@1.0.0", environment="production", auto_session_tracking=False)
sentry_sdk.set_user({"id": "python-7", "ip_address": "203.0.113.77"})


def total(cart):
    password = "hunter2"
    return sum(item["price"] for item in cart) + len(password)


try:
    total([{"name": "tea"}])
except KeyError as e:
    sentry_sdk.capture_exception(e)
logging.error("cart %s is empty", 42)
sentry_sdk.flush(10)
