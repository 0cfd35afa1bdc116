/* Nothing but an option. */ /* error: D_EMPTY */
#pragma D option quiet
