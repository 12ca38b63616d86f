import type { zh } from './zh'

export const en: { [key in keyof typeof zh]: string } = {
  title: 'Yipan',
  subtitle: 'One board for the whole province',
  user: 'User', password: 'Password', login: 'Log in', logout: 'Log out', wrong: 'No such user, or not this password',
  other: '中文',
  asKnown: 'as known at', day: 'Day', play: 'Play', pause: 'Stop', earlier: 'Day before', later: 'Day after',
  infections: 'New local infections', confirmed: 'confirmed', asymptomatic: 'asymptomatic', change: 'since the day before',
  week: 'Last 7 days', signals: 'Signals', silent: 'Places silent', of: 'of',
  places: 'Places', place: 'Place', today: 'Day', rt: 'Reproduction number', tooFew: 'too few cases', notReported: 'not reported',
  tooEarly: 'too early', nobody: 'nobody reported this day', days: 'days', since: 'since',
  map: 'Map', schematic: 'Schematic, not a map of record', curve: 'New infections per day', interval: '95 % interval',
  noSignals: 'Nothing stood out in the last two weeks.',
  missing: 'Missing and silent', noMissing: 'Every place has reported.', acts: 'Latest acts', report: 'Situation report', print: 'Print',
  behind: 'The rows behind the figure', sum: 'Sum', source: 'Source', act: 'Act', value: 'Value', stream: 'Stream', known: 'Known from',
  close: 'Close', up: 'Up', failed: 'Desks that failed', rounds: 'Rounds', loading: 'Reading…', unreachable: 'The server cannot be reached',
  reporting: 'reporting', onlySum: 'sum of the places that reported', assumed: 'serial interval mean 2.7 days (sd 1.8 days assumed)',
  noGl: 'No WebGL2 in this browser: a plain map is shown.', showMap: 'Colour the map by', missingValue: 'not reported',
  demoHint: 'Demonstration users: province, guangzhou, haizhu; password yipan-demo-2022', published: 'Neighbours: published figures only',
}
