# What clubSandwich says of lm(call's outcome ~ kind + blocks), CR2 with Satterthwaite, one row a call, the unit the
# cluster; and, of the control's level, the covariance from the same CR2 matrix.
# Debian: apt-get install r-cran-clubsandwich r-cran-jsonlite.  Rscript within.R > within.json
suppressMessages({library(clubSandwich); library(jsonlite)})

set.seed(3)
shifts <- function(agents, days, busiest) {
  d <- expand.grid(agent = seq_len(agents), order = seq_len(days))
  d$block <- (d$order - 1) %% 4
  d$arm <- rbinom(nrow(d), 1, 0.5)
  d$x <- 1 + rpois(nrow(d), busiest * d$agent / agents)
  d$y <- rbinom(nrow(d), d$x, plogis(-1 + 0.3 * d$arm + 0.4 * sin(d$agent) + 0.3 * cos(d$block)))
  d
}
fit <- function(d, formula) {
  d$unit <- seq_len(nrow(d))
  rows <- d[rep(d$unit, d$x), ]
  rows$outcome <- unlist(lapply(d$unit, function(g) rep(c(1, 0), c(d$y[g], d$x[g] - d$y[g]))))
  model <- lm(formula, rows)
  robust <- vcovCR(model, cluster = rows$unit, type = "CR2")
  test <- coef_test(model, vcov = robust, test = "Satterthwaite")["kind", ]
  bare <- rows; bare$kind <- 0
  at <- colMeans(model.matrix(delete.response(terms(model)), bare, xlev = model$xlevels))
  known <- !is.na(coef(model))
  list(
    difference = test$beta, standard_error = test$SE, degrees_of_freedom = test$df_Satt, p_value = test$p_Satt,
    control = sum((at * coef(model))[known]), control_error = sqrt(c(at[known] %*% robust %*% at[known]))
  )
}
entry <- function(d) {
  d <- d[order(d$agent, d$order), ]
  previous <- ave(d$arm, d$agent, FUN = function(a) c(NA, head(a, -1)))
  followed <- transform(d, previous = previous)[!is.na(previous), ]
  list(
    shifts = d,
    blocks = fit(transform(d, kind = arm), outcome ~ kind + factor(block)),
    agents = fit(transform(d, kind = arm), outcome ~ kind + factor(block) + factor(agent)),
    carry = fit(transform(followed, kind = previous), outcome ~ kind + factor(arm):factor(block) + factor(agent) - 1),
    cost = fit(transform(followed, kind = as.numeric(previous != arm)), outcome ~ kind + factor(paste(arm, block)))
  )
}
cat(toJSON(list(small = entry(shifts(5, 8, 12)), unequal = entry(shifts(9, 12, 60))),
  auto_unbox = TRUE, digits = NA, dataframe = "values"), "\n")
