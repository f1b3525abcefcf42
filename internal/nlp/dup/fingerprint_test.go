package dup

const javaTrace = `Saving an order fails since this morning.
java.lang.IllegalStateException: order 4711 is closed
	at org.springframework.aop.Foo.invoke(Foo.java:12)
	at com.shop.order.OrderService.save(OrderService.java:88)
	at com.shop.order.OrderController.post(OrderController.java:41)
	at java.base/java.lang.Thread.run(Thread.java:833)
Caused by: java.lang.NullPointerException: Cannot invoke "Customer.id()"
	at com.shop.customer.CustomerCache.lookup(CustomerCache.java:31)
	at com.shop.order.OrderService.save(OrderService.java:85)
	... 22 more`
