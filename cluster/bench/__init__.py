"""Measurements that people can repeat: what models reach on known data, and what a sweep costs."""
