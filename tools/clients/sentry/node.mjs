// Sends what a server of a shop sends: node node.mjs DSN
import * as Sentry from '@sentry/node'

Sentry.init({dsn: process.argv[2], release: 'shop@1.0.0', environment: 'production', tracesSampleRate: 1})
Sentry.setUser({id: 'node-7', email: 'ann@shop.example'})
Sentry.setTag('shop', 'eu')
Sentry.addBreadcrumb({category: 'query', message: 'select * from cart'})

function payOrder(order) {
  throw new TypeError(`order ${order} has no total`)
}
let id
for (const order of [17, 18, 19]) {
  try {
    payOrder(order)
  } catch (e) {
    id = Sentry.captureException(e)
  }
}
Sentry.captureMessage('stock of item 4711 is low', 'warning')
Sentry.captureFeedback({message: 'I can not pay, it says that something went wrong', name: 'Ann', email: 'ann@shop.example', associatedEventId: id})
Sentry.startSpan({name: 'GET /pay', op: 'http.server'}, () => {})
if (!(await Sentry.close(10_000))) process.exit(1)
