/* Numbers in network byte order at an address. */
#ifndef _INET_COMMON_H
#define _INET_COMMON_H
#define BE16_TO_U16(a) (((uint16_t)((uint8_t *)(a))[0] << 8) | (uint16_t)((uint8_t *)(a))[1])
#define BE32_TO_U32(a) (((uint32_t)BE16_TO_U16(a) << 16) | (uint32_t)BE16_TO_U16((uint8_t *)(a) + 2))
#endif
