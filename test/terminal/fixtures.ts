/** The screen without what differs from run to run: times, ids, ports, folders. */
export function normalised(screen: string): string {
  return (
    screen
      .replaceAll(/\b\d{8}-\d{6}-[0-9a-f]{4}\b/g, '<execution>')
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
      .replaceAll(/^report: file:[\s\S]*?(?=\n(?:stopped|error|ended|$))/gm, 'report: file:<folder>/report.html')
      .replaceAll(/\b[RB][A-Z]{10}\b/g, '<id>')
      .replaceAll(/rejected by \S+/g, 'rejected by <user>')
      .replaceAll(/(: |^ +)stopped\s+\([^)]*\)/gm, '$1stopped (<time>)')
      .replaceAll(/\S*\/gen2-test-[A-Za-z0-9]+/g, '<folder>')
      .replaceAll(/\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?Z?/g, '<date>')
      .replaceAll(/\b\d{1,2}:\d{2}:\d{2}\b/g, '<time>')
      // A running step's line: what is seen of it is cut to the room that its age leaves.
      .replaceAll(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] (\S+) .*?(?: of (\d.*))?$/gm, '<spinner> $1 <seen> <age>')
      // Where it is broken hangs on the length of the path.
      .replaceAll(/package\s+<folder>\/shop\s[\s\S]*?build\s+it\s+as/g, 'package <folder>/shop … build it as')
      .replaceAll(/[ \t]+$/gm, '')
  );
}
