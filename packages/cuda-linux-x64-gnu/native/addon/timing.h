// Time on a stream, for measurements: events of their own, apart from those of reads.
#pragma once

#include <node_api.h>

#include "addon/values.h"

namespace rmsnorm {

/** `recordEvent(stream, device, emulated)`: an event, as a bigint, that the stream reaches after what is enqueued. */
napi_value recordEvent(napi_env env, const Arguments& arguments);

/** `elapsed(from, to)`: milliseconds between two events of one device, once both are reached; waits, and gives both up. */
napi_value elapsed(napi_env env, const Arguments& arguments);

}  // namespace rmsnorm
