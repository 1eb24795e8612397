// What connections tell of the journal: pages of events, reports, streams.

#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/web/connection.hpp"
#include "daemon/web/query.hpp"
#include "daemon/web/wait.hpp"

namespace reachd::web {

namespace asio = boost::asio;

asio::awaitable<Response> Connection::aside(std::function<Response()> work) {
  const auto wait = std::make_shared<Wait<Response>>(shared_.context);
  asio::post(shared_.worker, [wait, work = std::move(work)] {
    if (wait.use_count() == 1) {
      return;  // nobody waits any more
    }
    Response response;
    try {
      response = work();
    } catch (const std::exception& failure) {
      response = json_error(500, failure.what());
    }
    Wait<Response>::answer(wait, std::move(response));
  });
  co_await wait_with(wait->event, shared_.limits.records);
  if (!wait->answered) {
    co_return json_error(503, "the journal takes longer than this request may");
  }
  co_return std::move(*wait->answered);
}

asio::awaitable<Response> Connection::records(Route route, const Request& request) {
  // The request is copied: the worker may be at it when the connection has gone.
  std::function<Response()> work = [&callbacks = shared_.callbacks, route, request] {
    const WallTime now = system_clock().wall_now();
    const journal::Reading& journal = callbacks.journal();
    return route == Route::events ? events(journal, request, now) : report(journal, request, now);
  };
  Response response = co_await aside(std::move(work));
  co_return response;
}

/// After which event it begins; anything but 200 is the answer instead: to begin with the newest
/// would leave out what happened meanwhile, and the client comes back.
asio::awaitable<Response> Connection::stream_begin(const Request& request,
                                                   std::shared_ptr<std::int64_t> begin) {
  *begin = shared_.callbacks.newest_event();
  if (request.last_event_id.empty()) {
    co_return Response();
  }
  std::function<Response()> work = [&callbacks = shared_.callbacks, id = request.last_event_id,
                                    begin] {
    const auto last = sequence_after(callbacks.journal(), id);
    if (!last) {
      return json_error(503, last.error());
    }
    *begin = last->value_or(*begin);
    return Response();
  };
  Response response = co_await aside(std::move(work));
  co_return response;
}

asio::awaitable<void> Connection::stream(const Request& request) {
  const auto filter = std::make_shared<EventFilter>();
  for (const auto& [key, value] : request.query) {
    const auto taken = filter->take(key, value);
    if (!taken || !*taken) {
      Response wrong = json_error(400, taken ? "nothing is called " + quoted(key) : taken.error());
      co_await respond(request, std::move(wrong));
      co_return;
    }
  }
  if (shared_.streams.size() >= shared_.limits.streams) {
    Response busy = json_error(503, "too many streams are open");
    co_await respond(request, std::move(busy));
    co_return;
  }
  const auto begin = std::make_shared<std::int64_t>();
  Response response = co_await stream_begin(request, begin);
  if (response.status != 200) {
    co_await respond(request, std::move(response));
    co_return;
  }
  response.content_type = "text/event-stream";
  response.endless = true;
  const std::string head = head_of(request, response, false, false);
  const bool sent = co_await send(head);
  if (sent && request.method != "HEAD") {
    co_await send_events(*begin, filter);
  }
}

asio::awaitable<std::string> Connection::stream_page(std::int64_t& after, std::int64_t newest,
                                                     std::shared_ptr<const EventFilter> filter) {
  constexpr std::size_t kRows = 256;
  const auto reached = std::make_shared<std::int64_t>(after);
  std::function<Response()> work = [&callbacks = shared_.callbacks, reached, newest,
                                    filter = std::move(filter)] {
    Response page;
    for (const journal::EventRow& row : callbacks.next_events(*reached, kRows)) {
      if (row.sequence <= newest) {
        *reached = row.sequence;
        if (filter->matches(row)) {
          append_stream_event(page.text, row);
        }
      }
    }
    return page;
  };
  Response page = co_await aside(std::move(work));
  if (page.status != 200) {
    co_return std::string();  // it is asked for again
  }
  after = *reached;
  co_return std::move(page.text);
}

asio::awaitable<void> Connection::send_events(std::int64_t after,
                                              std::shared_ptr<const EventFilter> filter) {
  asio::steady_timer event(*shared_.context);
  const WaitingPlace place(shared_.streams, event);
  std::string text = "retry: 5000\n\n";
  bool open = true;
  while (open && !aborted_ && !shared_.stopping) {
    const std::int64_t newest = shared_.callbacks.newest_event();
    const std::int64_t before = after;
    if (after < newest) {
      const std::string page = co_await stream_page(after, newest, filter);
      text += page;
    }
    if (!text.empty()) {
      open = co_await send(text);
      text.clear();
    } else if (after == before && newest == shared_.callbacks.newest_event()) {
      // Nobody can wake us between the look and the wait: both are this thread's.
      now_waits_for(Waits::request);
      co_await wait_with(event, shared_.limits.heartbeat);
      now_waits_for(Waits::nothing);
      // Nothing for long: a comment finds out whether the client is still there.
      text = event.expiry() <= std::chrono::steady_clock::now() ? ":\n\n" : "";
    }
  }
}

}  // namespace reachd::web
