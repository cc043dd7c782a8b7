"""What a shadow does to the response times of the service, however it fares.

``faults`` makes one that is dead, slow or crashing; ``run`` puts each between two runs without any;
``effect`` holds what it changed against what two such runs differ by; ``start`` gives it a service of its own.
"""
