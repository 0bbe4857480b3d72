/** The style of the report. Every pair of colours has a contrast of 4.5 : 1 or more, in light and in dark. */
export const REPORT_CSS = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #dfe3ea; --text: #18202c; --soft: #566176;
  --old: #8b95a7; --temporary: #2f6fdb; --final: #12855f; --bad: #c02d3a; --gate: #9a6200;
  --good-back: #dcf3e8; --good-text: #0b5c40; --bad-back: #fbe3e5; --bad-text: #97202c;
  --open-back: #fbecd0; --open-text: #7a4d00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e131b; --card: #161d28; --line: #2a3444; --text: #e7ecf4; --soft: #a0adc0;
    --old: #76839a; --temporary: #5f9bff; --final: #35c491; --bad: #ff6b76; --gate: #e0a33c;
    --good-back: #123d2e; --good-text: #8ce6c3; --bad-back: #4a1a20; --bad-text: #ffb3b9;
    --open-back: #45330f; --open-text: #f6cf86;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem 3rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1, h2, h3, p, dl, dd, ul, ol, figure { margin: 0; }
h1, h2, h3, header p, .label span { overflow-wrap: anywhere; }
h1 { font-size: 2.1rem; line-height: 1.2; letter-spacing: -0.01em; display: flex; flex-wrap: wrap; align-items: center; gap: 0.8rem; }
h2 { font-size: 1.15rem; margin-bottom: 0.9rem; }
h3 { font-size: 0.95rem; }
code { font: 0.9em ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.kicker { color: var(--soft); font-size: 0.8rem; letter-spacing: 0.08em; text-transform: uppercase; margin-bottom: 0.3rem; }
header > p:not(.kicker) { color: var(--soft); margin-top: 0.5rem; }
header strong { color: var(--text); }
.badge { font-size: 0.85rem; font-weight: 600; letter-spacing: 0; padding: 0.15rem 0.7rem; border-radius: 1rem; white-space: nowrap; }
.badge.good { background: var(--good-back); color: var(--good-text); }
.badge.bad { background: var(--bad-back); color: var(--bad-text); }
.badge.open { background: var(--open-back); color: var(--open-text); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1rem; margin-top: 1.5rem; }
.figures div, section { background: var(--card); border: 1px solid var(--line); border-radius: 0.7rem; }
.figures div { display: flex; flex-direction: column-reverse; padding: 0.8rem 1.1rem; }
.figures dd { font-size: 1.6rem; font-weight: 650; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.figures dt { color: var(--soft); font-size: 0.85rem; }
section { padding: 1.3rem 1.5rem 1.5rem; margin-top: 1rem; }
.alert { border-color: var(--bad); border-left-width: 5px; }
.alert h2 { color: var(--bad-text); margin-bottom: 0.4rem; }
.none { color: var(--soft); }
.rows { display: grid; grid-template-columns: 14.5rem minmax(0, 1fr) 6.2rem; column-gap: 1.1rem; }
.value { text-align: right; color: var(--soft); font-variant-numeric: tabular-nums; font-size: 0.9rem; }
.plot { position: relative; min-width: 0; }
svg { display: block; width: 100%; }
.chart .plot { border-bottom: 1px solid var(--line); }
.chart .plot svg { height: 11rem; }
.chart .plot.errors svg { height: 2.4rem; }
.chart .value { display: flex; flex-direction: column; justify-content: space-between; text-align: left; }
.chart .errors + .value { justify-content: flex-end; }
.legend { display: flex; flex-direction: column; gap: 0.25rem; justify-content: flex-end; padding-bottom: 0.3rem; font-size: 0.9rem; }
.key::before { content: ""; display: inline-block; width: 0.75rem; height: 0.75rem; border-radius: 0.2rem; margin-right: 0.55rem; background: currentColor; }
.key.old::before { background: var(--old); } .key.temporary::before { background: var(--temporary); }
.key.final::before { background: var(--final); } .key.errors::before { background: var(--bad); }
polygon { stroke: none; }
.old { fill: var(--old); } .temporary { fill: var(--temporary); } .final { fill: var(--final); } rect.errors { fill: var(--bad); }
.grid { stroke: var(--line); vector-effect: non-scaling-stroke; }
.mark { stroke: var(--text); stroke-dasharray: 4 3; stroke-width: 1.2; vector-effect: non-scaling-stroke; }
.chart .rows { padding-top: 1.4rem; }
.mark-label { position: absolute; top: -1.4rem; transform: translateX(-50%); font-size: 0.8rem; color: var(--soft); white-space: nowrap; }
.axis { position: relative; height: 1.6rem; color: var(--soft); font-size: 0.8rem; font-variant-numeric: tabular-nums; }
.axis span { position: absolute; top: 0.3rem; transform: translateX(-50%); }
.axis span:first-child { transform: none; } .axis span:last-child { transform: translateX(-100%); }
figcaption, summary { color: var(--soft); font-size: 0.88rem; }
figcaption { margin-top: 0.6rem; }
details { margin-top: 0.6rem; }
summary { cursor: pointer; width: fit-content; }
summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--temporary); outline-offset: 2px; }
.scroll { max-height: 18rem; overflow: auto; margin-top: 0.5rem; }
.timeline { list-style: none; padding: 0; }
.timeline h3 { color: var(--soft); font-size: 0.8rem; letter-spacing: 0.08em; text-transform: uppercase; margin: 1.1rem 0 0.3rem; }
.timeline li:first-child h3 { margin-top: 0; }
.timeline .rows { padding: 0.35rem 0; border-top: 1px solid var(--line); }
.timeline h3 + .rows { border-top: 0; }
.timeline .label { display: flex; gap: 0.55rem; font-weight: 550; line-height: 1.35; }
.timeline svg { height: 0.7rem; margin-top: 0.4rem; }
.timeline p { color: var(--soft); font-size: 0.85rem; line-height: 1.4; margin-top: 0.25rem; overflow-wrap: anywhere; }
.track { fill: var(--line); }
.bar { fill: var(--temporary); }
.done .bar { fill: var(--final); } .idle .bar { fill: var(--old); } .failed .bar { fill: var(--bad); }
.gate .bar { fill: var(--gate); } .undone .bar { fill: var(--old); }
.mark-of { width: 1rem; text-align: center; flex: none; }
.mark-of.done { color: var(--final); } .mark-of.failed { color: var(--bad); } .mark-of.gate { color: var(--gate); font-weight: 700; }
.mark-of.idle, .mark-of.undone { color: var(--soft); } .mark-of.running { color: var(--temporary); }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th, td { text-align: left; vertical-align: top; padding: 0.45rem 1rem 0.45rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
thead th { border-top: 0; color: var(--soft); font-weight: 500; font-size: 0.85rem; }
.stacked { table-layout: fixed; } .stacked th:first-child { width: 26%; }
.type { color: var(--soft); font-weight: 400; margin-left: 0.3rem; }
.before { color: var(--soft); }
.scroll td { font-variant-numeric: tabular-nums; }
ul { padding-left: 1.2rem; } li::marker { color: var(--soft); }
.timeline li, ul li { overflow-wrap: anywhere; }
article + article { border-top: 1px solid var(--line); margin-top: 1rem; padding-top: 1rem; }
article h3 { display: flex; flex-wrap: wrap; gap: 0.7rem; align-items: center; font-size: 1rem; }
article p { color: var(--soft); margin-top: 0.2rem; }
article strong { color: var(--text); }
article + h3 { margin: 1.3rem 0 0.4rem; }
footer { color: var(--soft); font-size: 0.85rem; margin-top: 1.5rem; }
@media (max-width: 46rem) {
  body { padding: 1.5rem 0.8rem 2rem; }
  section { padding: 1rem; }
  .rows { grid-template-columns: minmax(0, 1fr) auto; }
  .rows .label { grid-column: 1; } .rows .plot { grid-column: 1 / -1; order: 3; }
  .chart .label { grid-column: 1 / -1; flex-flow: row wrap; justify-content: flex-start; gap: 0.2rem 1rem; padding-top: 0.6rem; }
  .chart .rows { display: block; padding-top: 0; } .chart .label:first-child { padding-bottom: 1.6rem; } .chart .value { flex-direction: row; justify-content: flex-end; } .chart .value span:first-child::before { content: "at most "; } .chart .value span:last-child:not(:first-child) { display: none; }
  .axis span:nth-child(even) { display: none; }
  .stacked, .stacked tbody, .stacked tr, .stacked th, .stacked td { display: block; width: auto; }
  .stacked thead { position: absolute; clip-path: inset(50%); height: 1px; width: 1px; overflow: hidden; }
  .stacked th:first-child { width: auto; } .stacked td { border-top: 0; padding-top: 0; }
  .stacked .before::before { content: "− "; } .stacked .after::before { content: "+ "; }
}
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --text: #000; --soft: #444; --line: #ccc;
    --old: #8b95a7; --temporary: #2f6fdb; --final: #12855f; --bad: #c02d3a; --gate: #9a6200;
    --good-back: #dcf3e8; --good-text: #0b5c40; --bad-back: #fbe3e5; --bad-text: #97202c; --open-back: #fbecd0; --open-text: #7a4d00; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  section, .figures div { border-radius: 0; }
  svg, .badge, .key::before { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  li, tr, article, figure, .figures div, .alert { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .chart details { display: none; }
}
`;
