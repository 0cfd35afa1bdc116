#include <wait.h>
