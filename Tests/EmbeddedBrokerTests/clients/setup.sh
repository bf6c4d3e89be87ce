#!/bin/sh
# Makes the Python environment of the client tests: setup.sh DIRECTORY. Its interpreter goes into
# MILLRACE_PYTHON.
set -e
python3 -m venv "$1"
"$1/bin/pip" install --quiet confluent-kafka==2.16.1 kafka-python==3.0.12
echo "$1/bin/python"
