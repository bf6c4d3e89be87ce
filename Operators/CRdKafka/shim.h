// How the C library keeps what librdkafka frees; Swift's own Glibc module doesn't have it.
#include <malloc.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
