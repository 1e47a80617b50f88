"""Slack on this machine: what a workspace is, what its API answers, what it sends."""
