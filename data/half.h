/* IEEE half precision to float, exactly, for hosts without such a type. */
#ifndef SAFSD_DATA_HALF_H
#define SAFSD_DATA_HALF_H

#include <stdint.h>
#include <string.h>

static inline float ds_float_of_bits(uint32_t bits)
{
    float value = 0.0f;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline float ds_float_of_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    const uint32_t exponent = (half >> 10) & 0x1fu;
    const uint32_t fraction = half & 0x3ffu;
    if (exponent == 0x1fu) return ds_float_of_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent != 0) return ds_float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    const float subnormal = (float)fraction * 0x1p-24f;
    return sign ? -subnormal : subnormal;
}

#endif
