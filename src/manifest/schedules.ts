/** What AWS accepts in each field of a schedule: range of numbers, names, and special characters. */
const FIELDS = [
  { name: 'minutes', low: 0, high: 59, names: '', extra: '' },
  { name: 'hours', low: 0, high: 23, names: '', extra: '' },
  { name: 'day of month', low: 1, high: 31, names: '', extra: '?LW' },
  { name: 'month', low: 1, high: 12, names: 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC', extra: '' },
  { name: 'day of week', low: 1, high: 7, names: 'SUN MON TUE WED THU FRI SAT', extra: '?L#' },
  { name: 'year', low: 1970, high: 2199, names: '', extra: '' },
] as const;

/**
 * Says why AWS would refuse `cron(SCHEDULE *)`, or nothing: five fields (or six, with a year), exactly one of the day
 * fields "?" (Amazon EventBridge User Guide, "Cron expressions").
 */
export function findScheduleProblem(schedule: string): string | undefined {
  const fields = schedule.split(' ');
  if (fields.length < 5 || fields.length > 6) return `the schedule has ${fields.length} fields, not five`;
  const bad = FIELDS.find((field, index) => {
    const text = fields[index];
    return text !== undefined && !isField(text.toUpperCase(), field);
  });
  if (bad !== undefined) return `the field "${bad.name}" of the schedule is not one AWS accepts`;
  const marks = [fields[2], fields[4]].filter((field) => field === '?').length;
  if (marks === 1) return undefined;
  return marks === 0
    ? 'one of day of month and day of week must be "?"'
    : 'only one of day of month and day of week can be "?"';
}

function isField(text: string, { low, high, names, extra }: (typeof FIELDS)[number]): boolean {
  if (text === '?') return extra.includes('?');
  return text.split(',').every((part) => {
    const [range = '', step, ...rest] = part.split('/');
    if (rest.length > 0 || (step !== undefined && !/^\d+$/.test(step))) return false;
    if (range === '*') return true;
    if (extra.includes('L') && /^(?:L|LW|\d{1,2}W|[1-7]L|L-\d+)$/.test(range)) return true;
    if (extra.includes('#') && /^(?:[1-7]|[A-Z]{3})#[1-5]$/.test(range)) return true;
    const ends = range.split('-');
    return ends.length <= 2 && ends.every((end) => isValue(end, { low, high, names }));
  });
}

function isValue(text: string, { low, high, names }: { low: number; high: number; names: string }): boolean {
  if (/^\d+$/.test(text)) return Number(text) >= low && Number(text) <= high;
  return text.length === 3 && names.split(' ').includes(text);
}
