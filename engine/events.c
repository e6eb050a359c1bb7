#include "engine/events.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

void en_say(const en_events *events, en_level level, const char *format, ...)
{
    if (!events || !events->message) return;
    char sentence[ST_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    text_vformat(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    events->message(events->user, level, sentence);
}
