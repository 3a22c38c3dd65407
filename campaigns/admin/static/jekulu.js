// The phones page asks for news every two seconds, and only while somebody looks at it.
setInterval(function () {
  if (!document.hidden) document.body.dispatchEvent(new Event("tick"));
}, 2000);

// A phone that has sent its SMS has an empty line again.
document.addEventListener("htmx:afterRequest", function (event) {
  var form = event.detail.elt;
  if (form.tagName === "FORM" && event.detail.successful) form.reset();
});
