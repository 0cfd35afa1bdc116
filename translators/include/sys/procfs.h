#include <procfs.h>
