// The page of a shop. It tells the test what became of it in its title.
import * as Sentry from '@sentry/browser'

const feedback = Sentry.feedbackIntegration({autoInject: false, showBranding: false})
Sentry.init({dsn: window.shopDSN, release: 'shop@2.0.0', environment: 'production', integrations: [feedback]})
Sentry.setUser({id: 'browser-7', email: 'bea@shop.example'})

function computeTotalOfCart(cart) {
  return cart.items.map(item => item.price)
}

function payWholeOrder(order) {
  return computeTotalOfCart(order.cart)
}

// The feedback form of the SDK, filled in as a person does.
async function sayIt() {
  const form = await feedback.createForm()
  form.appendToDom()
  form.open()
  const root = document.getElementById('sentry-feedback').shadowRoot
  const put = (name, text) => {
    const field = root.querySelector(`[name=${name}]`)
    field.value = text
    field.dispatchEvent(new Event('input', {bubbles: true}))
  }
  put('name', 'Bea')
  put('email', 'bea@shop.example')
  put('message', 'The button does nothing at all')
  await new Promise(resolve => {
    Sentry.getClient().on('afterSendEvent', e => e.type === 'feedback' && resolve())
    root.querySelector('button[type=submit]').click()
  })
}

async function main() {
  try {
    payWholeOrder({})
  } catch (e) {
    Sentry.captureException(e)
  }
  await sayIt()
  document.title = (await Sentry.flush(10_000)) ? 'sent' : 'not sent'
}

main().catch(e => { document.title = `failed ${e}` }).finally(() => { document.getElementById('out').textContent = `result ${document.title} end` })
